from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from models_app.console.prompt import is_open, open_history, open_session, unquoted


def typed(keys: str, history: Path | None = None) -> str:
    with create_pipe_input() as keyboard:
        keyboard.send_text(keys)
        return open_session(history, input=keyboard, output=DummyOutput()).prompt()


def test_enter_sends_the_line() -> None:
    assert typed("hello\r") == "hello"


def test_alt_enter_breaks_the_line() -> None:
    assert typed("one\x1b\rtwo\r") == "one\ntwo"


def test_within_triple_quotes_enter_breaks_the_line() -> None:
    assert unquoted(typed('"""one\rtwo\r"""\r')) == "one\ntwo"


def test_a_pasted_text_of_several_lines_is_one_question() -> None:
    assert typed("\x1b[200~one\ntwo\x1b[201~\r") == "one\ntwo"


def test_ctrl_d_on_an_empty_line_ends_the_chat() -> None:
    with pytest.raises(EOFError):
        typed("\x04")


def test_ctrl_c_at_the_prompt_is_an_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt):
        typed("half a quest\x03")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("hi", False), ('"""', True), ('""""', True), ('"""hi', True), ('"""hi"""', False), ('""""""', False)],
)
def test_a_block_is_open_until_its_quotes_close(text: str, expected: bool) -> None:
    assert is_open(text) is expected


def test_the_history_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "home" / "history"
    before = os.umask(0)
    try:
        typed("CANARY\r", path)
    finally:
        os.umask(before)
    assert "CANARY" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_history_with_loose_permissions_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.touch(0o644)
    open_history(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_a_history_nothing_is_written(tmp_path: Path) -> None:
    typed("CANARY\r")
    assert list(tmp_path.iterdir()) == []
