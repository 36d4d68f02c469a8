"""A chat as a person has it, on a real terminal: what is typed, what is seen, and how it ends."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.models_app.management.commands import power
from tests.models_app.management.terminal import Terminal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PROMPT = ">>> "
FAKE = {"backend": "fake", "engine_host": "inline", "port": 9}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, tiny_gguf: Path) -> Path:
    folder = tmp_path_factory.mktemp("home")
    assert power(folder, "pull", str(tiny_gguf), "--name", "tiny:1b").returncode == 0
    return folder


@contextmanager
def chatting(home: Path, *arguments: str, behaviour: str = "text=word%20&length=20") -> Iterator[Terminal]:
    with Terminal(home, "run", "tiny:1b", *arguments, fake_backend=behaviour, **FAKE) as terminal:
        terminal.read_until(PROMPT)
        yield terminal


def test_a_question_is_answered_and_bye_leaves(home: Path) -> None:
    with chatting(home, "--verbose") as terminal:
        terminal.type("hello\r")
        assert "word word" in terminal.read_until("eval rate:")
        terminal.read_until(PROMPT)
        terminal.type("/bye\r")
        assert terminal.wait() == 0


def test_ctrl_c_stops_the_answer_and_ctrl_d_ends_the_chat(home: Path) -> None:
    with chatting(home, behaviour="text=word%20&length=-1&delay=0.02") as terminal:
        for _ in range(2):
            terminal.type("go on for ever\r")
            terminal.read_until("word word")
            terminal.type("\x03")
            terminal.read_until(PROMPT)
        terminal.type("\x04")
        assert terminal.wait() == 0


def test_what_is_typed_ahead_is_not_shown_in_the_answer_and_asked_next(home: Path) -> None:
    with chatting(home, behaviour="text=word%20&length=60&delay=0.02") as terminal:
        terminal.type("hello\r")
        terminal.read_until("word")
        terminal.type("/set nonsense\r")
        assert "nonsense" not in terminal.read_until("\n\n")
        terminal.read_until("Unknown command '/set nonsense'")


def test_the_history_is_private_and_can_be_left_out(home: Path) -> None:
    with chatting(home) as terminal:
        for line in ("public", "/set nohistory", "CANARY", "/bye"):
            terminal.type(f"{line}\r")
            if line != "/bye":
                terminal.read_until(PROMPT)
        assert terminal.wait() == 0
    history = home / "history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert "public" in history.read_text()
    assert "CANARY" not in history.read_text()


def test_ctrl_c_ends_a_single_answer_with_130(home: Path) -> None:
    settings = {"fake_backend": "text=word%20&length=-1&delay=0.02", **FAKE}
    with Terminal(home, "run", "tiny:1b", "go on for ever", **settings) as terminal:
        terminal.read_until("word word")
        terminal.type("\x03")
        assert terminal.wait() == 130
