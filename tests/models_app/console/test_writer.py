from __future__ import annotations

import pytest

from models_app.console.answer import Piece
from models_app.console.writer import write_answer
from tests.models_app.console.fakes import FakeAnswer


def written(script: list[object], *, terminal: bool) -> str:
    texts: list[str] = []
    write_answer(FakeAnswer(script), texts.append, terminal=terminal)
    return "".join(texts)


def test_pieces_are_written_as_they_come() -> None:
    assert written(["Hel", "lo"], terminal=True) == "Hello"


def test_escape_sequences_never_reach_a_terminal() -> None:
    assert "\x1b" not in written(["\x1b]0;owned\x07", "text"], terminal=True)


def test_a_pipe_gets_the_text_as_it_is() -> None:
    assert written(["a\x1bb"], terminal=False) == "a\x1bb"


def test_thinking_is_set_apart() -> None:
    script = [Piece("hm", thinking=True), "42"]
    assert written(script, terminal=True) == "Thinking...\nhm\n...done thinking.\n\n42"


def test_what_was_said_before_an_interruption_is_kept() -> None:
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        write_answer(FakeAnswer(["one ", KeyboardInterrupt()]), lambda text: None, terminal=True, said=said)
    assert said == ["one "]
