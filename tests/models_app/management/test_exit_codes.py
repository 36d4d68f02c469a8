"""What a shell sees of the commands: exit codes, and one line for an error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.models_app.management.commands import ROOT, environment, power

pytestmark = pytest.mark.slow


def test_done_is_0_and_standard_error_stays_empty(tmp_path: Path) -> None:
    done = power(tmp_path, "list")
    assert (done.returncode, done.stderr) == (0, "")


def test_failed_is_1_with_one_line(tmp_path: Path) -> None:
    done = power(tmp_path, "show", "nope")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "Error: model 'nope' not found\n")


@pytest.mark.parametrize("arguments", [("list", "--nonsense"), ("cp", "only-one"), ("run",)])
def test_wrong_usage_is_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = power(tmp_path, *arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr


def test_a_closed_pipe_is_no_traceback(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "list"],
        env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 1
    process.stderr.close()


def test_help_shows_the_commands_own_options_only(tmp_path: Path) -> None:
    text = power(tmp_path, "show", "--help").stdout
    assert "--modelfile" in text
    assert "--pythonpath" not in text


def test_help_names_the_environment_that_a_command_obeys(tmp_path: Path) -> None:
    text = " ".join(power(tmp_path, "run", "--help").stdout.split())
    assert "A3S_POWER_NO_HISTORY (or OLLAMA_NOHISTORY)" in text
