from __future__ import annotations

import pytest

from models_app.console.answer import Piece
from models_app.console.writer import Said, Style, write_answer
from tests.models_app.console.fakes import FakeAnswer

TERMINAL = Style(terminal=True)
PIPE = Style(terminal=False)


def written(script: list[object], style: Style) -> str:
    texts: list[str] = []
    write_answer(FakeAnswer(script), texts.append, style)
    return "".join(texts)


def test_pieces_are_written_as_they_come() -> None:
    assert written(["Hel", "lo"], TERMINAL) == "Hello"


def test_escape_sequences_never_reach_a_terminal() -> None:
    assert "\x1b" not in written(["\x1b]0;owned\x07", "text"], TERMINAL)


def test_a_pipe_gets_the_text_as_it_is() -> None:
    assert written(["a\x1bb"], PIPE) == "a\x1bb"


def test_thinking_is_set_apart() -> None:
    script = [Piece("hm", thinking=True), "42"]
    assert written(script, PIPE) == "Thinking...\nhm\n...done thinking.\n\n42"


def test_thinking_that_ends_its_line_gets_no_second_line_end() -> None:
    assert written([Piece("hm\n", thinking=True), "42"], PIPE) == "Thinking...\nhm\n...done thinking.\n\n42"


def test_on_a_terminal_thinking_is_grey_and_the_answer_is_not() -> None:
    text = written([Piece("hm", thinking=True), "42"], TERMINAL)
    grey = "\x1b[38;5;245m"
    assert text == (f"{grey}\x1b[1mThinking...\n\x1b[0m{grey}hm\n{grey}\x1b[1m...done thinking.\n\n\x1b[0m42")


def test_hidden_thinking_leaves_the_answer_alone() -> None:
    script = [Piece("hm", thinking=True), "42"]
    assert written(script, Style(terminal=True, hide_thinking=True)) == "42"


def test_what_follows_an_interrupted_thought_is_not_grey() -> None:
    texts: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        write_answer(FakeAnswer([Piece("hm", thinking=True), KeyboardInterrupt()]), texts.append, TERMINAL)
    assert texts[-1] == "\x1b[0m"


def test_words_are_wrapped_where_a_width_is_given() -> None:
    style = Style(terminal=True, columns=lambda: 13)
    assert written(["one two ", "three ", "four"], style) == "one two thre\x1b[4D\x1b[K\nthree four"


def test_what_was_said_before_an_interruption_is_kept() -> None:
    said = Said()
    script = [Piece("hm", thinking=True), "one ", KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        write_answer(FakeAnswer(script), lambda text: None, TERMINAL, said)
    assert (said.thinking, said.text) == (["hm"], ["one "])
