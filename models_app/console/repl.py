"""The interactive chat: read, answer, remember, until Ctrl-D or /bye."""

from __future__ import annotations

from typing import Protocol

from inference.errors import InferenceError
from models_app.console.answer import Chat, ChatRequest
from models_app.console.conversation import Conversation, execute, is_command
from models_app.console.errors import ServerError
from models_app.console.prompt import unquoted
from models_app.console.writer import Write, write_answer
from models_app.errors import CatalogError

HINT = "Use Ctrl-D or /bye to leave.\n"


class Session(Protocol):
    def prompt(self) -> str: ...


class Repl:
    """Runs on the main thread, where Ctrl-C arrives. ``write`` and ``write_error`` put text on the terminal at once."""

    def __init__(
        self,
        chat: Chat,
        conversation: Conversation,
        session: Session,
        *,
        write: Write,
        write_error: Write,
        verbose: bool = False,
    ) -> None:
        self._chat = chat
        self._conversation = conversation
        self._session = session
        self._write = write
        self._write_error = write_error
        self._verbose = verbose

    def run(self) -> None:
        while True:
            try:
                line = unquoted(self._session.prompt())
            except KeyboardInterrupt:
                self._write(HINT)
                continue
            except EOFError:
                return
            if is_command(line):
                reply = execute(line, self._conversation)
                self._write(reply.text)
                if reply.leave:
                    return
            elif line:
                self._converse(line)

    def _converse(self, line: str) -> None:
        """One question and its answer. A failure is told, and the chat goes on."""
        said: list[str] = []
        try:
            self._answer(self._conversation.ask(line), said)
        except KeyboardInterrupt:
            self._write("\n")
        except (ServerError, CatalogError, InferenceError, OSError) as error:
            self._write_error(f"Error: {error}\n")
        self._conversation.answered("".join(said))

    def _answer(self, request: ChatRequest, said: list[str]) -> None:
        answer = self._chat.answer(request)
        try:
            write_answer(answer, self._write, terminal=True, said=said)
        finally:
            answer.close()
        self._write("\n\n")
        if self._verbose and answer.timings:
            self._write_error(answer.timings.lines() + "\n")
