"""The shells themselves complete, where they are installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from models_app.console.completion import SCRIPTS, Completed

COMMANDS = (
    Completed(name="run", help="ask a model", flags=(("--prompt", "the prompt"), ("-v", "more")), takes_models=True),
    Completed(name="pull", help="add a model's bytes", flags=(("--name", "its name"),), takes_models=False),
)


def completed(tmp_path: Path, line: str) -> list[str]:
    """What bash makes of ``line`` with the cursor at its end."""
    power = tmp_path / "power"
    power.write_text('#!/bin/sh\n[ "$1" = __models ] && printf "smollm2:135m\\nsmollm2:360m\\ntiny:1b\\n"\n')
    power.chmod(0o700)
    script = tmp_path / "completion.bash"
    script.write_text(SCRIPTS["bash"](COMMANDS))
    # Bash's own way of cutting a line into words ends them at colons.
    asked = f"""
        source {script}
        COMP_LINE='{line}' COMP_POINT={len(line)}
        COMP_WORDS=($(printf '%s' '{line}' | sed 's/:/ : /g'))
        [[ '{line}' == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
        COMP_WORDS[0]={power}
        _power
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "--norc", "-c", asked], capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr == ""
    return done.stdout.split()


needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")


@needs_bash
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("power r", ["run"]),
        ("power ", ["run", "pull"]),
        ("power run --p", ["--prompt"]),
        ("power run ti", ["tiny:1b"]),
        ("power run smollm2:1", ["135m"]),
        ("power run --prompt smollm2:", ["135m", "360m"]),
        ("power pull sm", []),
    ],
)
def test_bash_completes_commands_flags_and_models(tmp_path: Path, line: str, expected: list[str]) -> None:
    assert completed(tmp_path, line) == expected


@pytest.mark.parametrize("shell", sorted(SCRIPTS))
def test_a_script_is_one_that_its_shell_can_read(shell: str, tmp_path: Path) -> None:
    text = SCRIPTS[shell](COMMANDS)
    assert "__models" in text
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    path = tmp_path / "script"
    path.write_text(text)
    assert subprocess.run([program, "-n", str(path)], capture_output=True, timeout=30, check=False).stderr == b""


def test_a_quote_in_a_help_text_ends_no_word() -> None:
    assert "'add a model’s bytes'" in SCRIPTS["fish"](COMMANDS)
    assert "'pull:add a model’s bytes'" in SCRIPTS["zsh"](COMMANDS)
