from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from models_app.console.prompt import is_open, open_session, unquoted


def typed(keys: str, history: Path | None = None, **options: Any) -> str:
    with create_pipe_input() as keyboard:
        keyboard.send_text(keys)
        return open_session(history, input=keyboard, output=DummyOutput(), **options).prompt()


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
    open_session(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_a_history_nothing_is_written(tmp_path: Path) -> None:
    typed("CANARY\r")
    typed("CANARY\r", tmp_path / "history", keep_history=False)
    assert list(tmp_path.iterdir()) == []


def test_a_history_can_be_switched_on_and_off_in_the_midst_of_a_chat(tmp_path: Path) -> None:
    path = tmp_path / "history"
    with create_pipe_input() as keyboard:
        session = open_session(path, input=keyboard, output=DummyOutput(), keep_history=False)
        for line, keep in (("SECRET", False), ("public", True), ("SECRET", False)):
            session.keep_history(keep)
            keyboard.send_text(f"{line}\r")
            session.prompt()
    assert "public" in path.read_text()
    assert "SECRET" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_system_message_in_triple_quotes_goes_over_several_lines() -> None:
    assert typed('/set system """one\rtwo"""\r') == '/set system """one\ntwo"""'
