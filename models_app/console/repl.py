"""The interactive chat: read, answer, remember, until Ctrl-D or /bye."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from itertools import chain
from typing import Protocol

from models_app.console.answer import Answer, Chat, ChatRequest, Piece
from models_app.console.client import Client
from models_app.console.conversation import Conversation, View
from models_app.console.errors import ServerError
from models_app.console.humanize import printable
from models_app.console.media import MediaError, MediaPrompt, media_prompt
from models_app.console.prompt import unquoted
from models_app.console.slash.commands import Commands, Waiting, is_command
from models_app.console.slash.setting import Keeper
from models_app.console.writer import Said, Style, Write, write_answer

HINT = "\nUse Ctrl + d or /bye to exit.\n"


class Session(Keeper, Protocol):
    def prompt(self) -> str: ...


class Repl:
    """Runs on the main thread, where Ctrl-C arrives. ``write`` and ``write_error`` put text on the terminal at once."""

    def __init__(
        self,
        client: Client,
        chat: Chat,
        conversation: Conversation,
        session: Session,
        *,
        view: View,
        write: Write,
        write_error: Write,
        columns: Callable[[], int],
        waiting: Waiting = nullcontext,
        quiet: Waiting = nullcontext,
    ) -> None:
        self._chat = chat
        self._conversation = conversation
        self._session = session
        self._view = view
        self._write = write
        self._write_error = write_error
        self._columns = columns
        self._waiting = waiting
        self._quiet = quiet
        self._commands = Commands(client, conversation, view, session, write=write, waiting=waiting)

    def recall(self) -> None:
        """What the model's own MESSAGEs say, as if it had just been said."""
        for turn in self._conversation.loaded:
            if turn.get("role") == "user":
                self._write(f">>> {printable(str(turn.get('content', '')))}\n")
            elif turn.get("role") == "assistant":
                write_answer([Piece(str(turn.get("content", "")))], self._write, self._style())
                self._write("\n\n")

    def run(self) -> None:
        while True:
            try:
                line = self._session.prompt().strip()
            except KeyboardInterrupt:
                self._write(HINT)
                continue
            except EOFError:
                self._write("\n")
                return
            if line and not self._handle(line):
                return

    def _handle(self, line: str) -> bool:
        """One line; False when the chat is to end. A failure is told, and the chat goes on."""
        try:
            with self._quiet():
                if is_command(line, takes_media=self._conversation.takes_media):
                    return self._commands.execute(line)
                self._converse(unquoted(line))
        except KeyboardInterrupt:
            self._write("\n")
        except MediaError as error:
            self._write_error(f"Couldn't process file: {error}\n")
        except ServerError as error:
            self._write_error(f"Error: {error}\n")
        except OSError as error:
            self._write_error(f"Error: the server can't be reached: {error.strerror or type(error).__name__}\n")
        return True

    def _converse(self, text: str) -> None:
        """One question and its answer, of which what came before an interruption is kept."""
        asked = media_prompt(text) if self._conversation.takes_media else MediaPrompt(text=text)
        for line in asked.added:
            self._write_error(line)
        said = Said()
        try:
            self._answer(self._conversation.ask(asked.text, asked.images), said)
        finally:
            self._conversation.answered("".join(said.text), "".join(said.thinking))

    def _answer(self, request: ChatRequest, said: Said) -> None:
        answer: Answer | None = None
        try:
            with self._waiting():
                answer = self._chat.answer(request)
                pieces = iter(answer)
                first = next(pieces, None)
            if first is not None:
                write_answer(chain([first], pieces), self._write, self._style(), said)
        finally:
            if answer is not None:
                answer.close()
        self._write("\n\n")
        if self._view.verbose and answer.timings:
            self._write_error(answer.timings.lines() + "\n")

    def _style(self) -> Style:
        columns = self._columns if self._view.wordwrap else None
        return Style(terminal=True, columns=columns, hide_thinking=self._view.hide_thinking)
