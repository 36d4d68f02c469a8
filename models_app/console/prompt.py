"""The line editor of the interactive chat (prompt_toolkit): several lines, a private history."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import History
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

QUOTES = '"""'


def open_session(history_path: Path | None, **devices: Any) -> PromptSession[str]:
    """``history_path`` None keeps the history in memory only. ``devices`` are prompt_toolkit's input and output."""
    from prompt_toolkit import PromptSession

    return PromptSession(
        message=">>> ",
        prompt_continuation="... ",
        multiline=True,
        history=open_history(history_path),
        key_bindings=_key_bindings(),
        **devices,
    )


def open_history(path: Path | None) -> History:
    """Prompts are private (S36): the file is readable by its owner only, whatever the umask says."""
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    if path is None:
        return InMemoryHistory()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)
    return FileHistory(str(path))


def is_open(text: str) -> bool:
    """Whether a block in triple quotes has begun and has not ended."""
    stripped = text.strip()
    if not stripped.startswith(QUOTES):
        return False
    return len(stripped) < 2 * len(QUOTES) or not stripped.endswith(QUOTES)


def unquoted(text: str) -> str:
    """What was meant: the block without its triple quotes."""
    stripped = text.strip()
    return stripped.removeprefix(QUOTES).removesuffix(QUOTES).strip("\n") if stripped.startswith(QUOTES) else stripped


def _key_bindings() -> KeyBindings:
    from prompt_toolkit.key_binding import KeyBindings

    bindings = KeyBindings()

    @bindings.add("enter")
    def submit(event: KeyPressEvent) -> None:
        if is_open(event.current_buffer.text):
            event.current_buffer.insert_text("\n")
        else:
            event.current_buffer.validate_and_handle()

    @bindings.add("escape", "enter")
    def break_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return bindings
