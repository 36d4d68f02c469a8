"""``power run`` as a person types it, on the real model, without a server."""

from __future__ import annotations

import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models_app.management.commands import ROOT, environment, power

pytestmark = [pytest.mark.slow, pytest.mark.real_model, pytest.mark.timeout(300)]


@pytest.fixture
def port() -> int:
    """Where no server listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


@pytest.mark.usefixtures("smollm2_path")
def test_an_absent_model_is_pulled_and_answers_what_is_piped_in(tmp_path: Path, port: int) -> None:
    arguments = ("run", "smollm2:135m", "Say hello.", "--num-predict", "8", "--seed", "1", "--verbose")
    done = power(tmp_path, *arguments, stdin="You are kind.\n", timeout_seconds=240, port=port)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "pulled" not in done.stdout
    assert "pulling manifest" in done.stderr
    assert "eval count:           8 token(s)" in done.stderr
    assert "smollm2:135m" in power(tmp_path, "list").stdout


@pytest.mark.usefixtures("smollm2_path")
def test_ctrl_c_ends_an_answer_with_130_and_leaves_no_process(tmp_path: Path, port: int) -> None:
    assert power(tmp_path, "pull", "smollm2:135m", timeout_seconds=120).returncode == 0
    command = [sys.executable, str(ROOT / "manage.py"), "run", "smollm2:135m", "Count to one thousand."]
    settings = environment(tmp_path, port=port)
    with subprocess.Popen(
        command, env=settings, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(1)
        workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "interrupted\n")
    assert not [pid for pid in workers if _runs(pid)]


def test_nothing_of_a_chat_is_kept_but_its_private_history(tmp_path: Path) -> None:
    """S36: a prompt on the command line stands in no file; only the chat's own history holds prompts."""
    power(tmp_path, "run", "no-such-model", "CANARY-prompt", timeout_seconds=60)
    held = [path for path in tmp_path.rglob("*") if path.is_file() and b"CANARY-prompt" in path.read_bytes()]
    assert held == []
    history = tmp_path / "history"
    assert not history.exists() or stat.S_IMODE(history.stat().st_mode) == 0o600


def _runs(pid: str) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
