"""The line editor of the interactive chat (prompt_toolkit): several lines, completion, an editor, a private history."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models_app.console.editor import EditorError, edited, editor_command

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.formatted_text import FormattedText
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

QUOTES = '"""'
_SET_SYSTEM = "/set system "
_PLACEHOLDER = "Send a message (/? for help)"


class Prompter:
    """Reads what is typed. Runs on the main thread."""

    def __init__(self, session: PromptSession[str], history_path: Path | None) -> None:
        self._session = session
        self._history_path = history_path

    def prompt(self) -> str:
        """Raises KeyboardInterrupt for Ctrl-C, EOFError for Ctrl-D on an empty line."""
        return self._session.prompt()

    def keep_history(self, keep: bool) -> None:
        """Whether what is typed from now on is kept in the file."""
        if keep and self._history_path is not None:
            make_private(self._history_path)
        self._session.history.keep = keep  # type: ignore[attr-defined]


def open_session(
    history_path: Path | None,
    *,
    keep_history: bool = True,
    editor: str = "",
    model_names: Callable[[], Iterable[str]] = tuple,
    **devices: Any,
) -> Prompter:
    """``history_path`` None keeps the history in memory only. ``devices`` are prompt_toolkit's input and output."""
    from prompt_toolkit import PromptSession

    from models_app.console.completer import SlashCompleter
    from models_app.console.history import open_history

    session: PromptSession[str] = PromptSession(
        message=">>> ",
        prompt_continuation="... ",
        placeholder=_placeholder(),
        multiline=True,
        history=open_history(history_path),
        key_bindings=_key_bindings(editor),
        completer=SlashCompleter(model_names),
        complete_while_typing=False,
        enable_suspend=True,
        **devices,
    )
    prompter = Prompter(session, history_path)
    prompter.keep_history(keep_history)
    return prompter


def make_private(path: Path) -> None:
    """Prompts are private (S36): the file is readable by its owner only, whatever the umask says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def is_open(text: str) -> bool:
    """Whether a block in triple quotes has begun, as a message or behind ``/set system``, and has not ended."""
    stripped = text.strip().removeprefix(_SET_SYSTEM).lstrip()
    if not stripped.startswith(QUOTES):
        return False
    return len(stripped) < 2 * len(QUOTES) or not stripped.endswith(QUOTES)


def unquoted(text: str) -> str:
    """What was meant: the block without its triple quotes."""
    stripped = text.strip()
    return stripped.removeprefix(QUOTES).removesuffix(QUOTES).strip("\n") if stripped.startswith(QUOTES) else stripped


def _placeholder() -> FormattedText:
    from prompt_toolkit.formatted_text import FormattedText

    return FormattedText([("fg:ansibrightblack", _PLACEHOLDER)])


def _key_bindings(editor: str) -> KeyBindings:
    from prompt_toolkit.application import run_in_terminal
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

    @bindings.add("c-g")
    async def compose(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        text = await run_in_terminal(lambda: _composed(buffer.text, editor), in_executor=True)
        buffer.text = text
        buffer.cursor_position = len(text)

    return bindings


def _composed(text: str, editor: str) -> str:
    """What the editor made of ``text``; the same text where it failed."""
    try:
        return edited(text, editor_command(editor))
    except EditorError as error:
        print(f"error: {error}")
        return text
