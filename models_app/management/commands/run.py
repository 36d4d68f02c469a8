"""``power run``: ask a model, once or in a chat."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from models_app.console.command import PowerCommand, UsageError

if TYPE_CHECKING:
    from models_app.console.answer import Chat
    from models_app.console.conversation import Conversation

# Ollama's names of the options, and what the command line calls them.
_OPTIONS = (
    ("temperature", float, "0 is always the same answer; higher is more varied"),
    ("top_p", float, "keep the likeliest tokens that together have this probability"),
    ("top_k", int, "keep this many of the likeliest tokens"),
    ("num_predict", int, "tokens to answer at most; -1 is no limit"),
    ("num_ctx", int, "tokens of context"),
    ("repeat_penalty", float, "above 1 discourages repetition"),
    ("seed", int, "the same seed gives the same answer"),
)


class Command(PowerCommand):
    help = (
        "Ask a model. With a prompt, or text piped in, it answers once; without, a chat begins. "
        "A model that the catalog doesn't have is pulled first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model")
        parser.add_argument("words", nargs="*", metavar="prompt", help="the prompt; text piped in is put before it")
        parser.add_argument("--prompt", help="the prompt, as one argument")
        parser.add_argument("--system", help="the system message, instead of the model's own")
        for name, kind, text in _OPTIONS:
            parser.add_argument(f"--{name.replace('_', '-')}", dest=name, type=kind, help=text)
        parser.add_argument("--keepalive", type=_keep_alive, help="how long a server keeps the model: 5m, 1h, 0, -1")
        parser.add_argument("--verbose", action="store_true", help="print what each answer took to standard error")
        parser.add_argument("--no-history", action="store_true", help="don't keep the prompts of the chat in a file")

    def run(self, **options: Any) -> None:
        from models_app.console.conversation import Conversation

        prompt = one_prompt(options["words"], options["prompt"], _piped_text())
        if prompt is None and not self.terminal:
            raise UsageError("there is no prompt, and a chat needs a terminal")
        conversation = Conversation(
            model=options["model"],
            system=options["system"],
            options={name: options[name] for name, _, _ in _OPTIONS if options[name] is not None},
            keep_alive=options["keepalive"],
        )
        with self._open_chat(options["model"]) as chat:
            if prompt is None:
                self._converse(chat, conversation, verbose=options["verbose"], history=not options["no_history"])
            else:
                self._answer(chat, conversation, prompt, verbose=options["verbose"])

    def _answer(self, chat: Chat, conversation: Conversation, prompt: str, *, verbose: bool) -> None:
        from models_app.console.writer import write_answer

        answer = chat.answer(conversation.ask(prompt))
        try:
            write_answer(answer, self._write_now, terminal=self.terminal is not None)
        finally:
            # Also after Ctrl-C and a closed pipe: what nobody reads must not be generated.
            answer.close()
        self._write_now("\n")
        if verbose and answer.timings:
            self._write_error("\n" + answer.timings.lines())

    def _converse(self, chat: Chat, conversation: Conversation, *, verbose: bool, history: bool) -> None:
        from models_app.console.prompt import open_session
        from models_app.console.repl import Repl
        from power_site.conf import config

        session = open_session(config().home / "history" if history else None)
        Repl(chat, conversation, session, write=self._write_now, write_error=self._write_error, verbose=verbose).run()

    @contextmanager
    def _open_chat(self, model: str) -> Iterator[Chat]:
        """A running server's, else this process's own; the model is pulled where it is absent."""
        from models_app.console.server import find_server

        server = find_server()
        if not (server.has_model(model) if server else _in_catalog(model)):
            self._pull(model)
        chat = _remote(server) if server else _local()
        try:
            yield chat
        finally:
            chat.close()

    def _pull(self, model: str) -> None:
        """Progress goes to standard error: standard output is the answer's."""
        from models_app.console.pulling import pull

        pull(source=model, name=None, stream=sys.stderr)

    def _write_now(self, text: str) -> None:
        self.write(text)
        self.stdout.flush()

    def _write_error(self, text: str) -> None:
        self.stdout.flush()
        # Not in the red of errors: timings are none.
        self.stderr.write(text, str, ending="")
        self.stderr.flush()


def one_prompt(words: list[str], prompt: str | None, piped: str) -> str | None:
    """The whole prompt, None for a chat. Text piped in comes first: what follows usually says what to do with it."""
    if words and prompt is not None:
        raise UsageError("give the prompt once: as words, or with --prompt")
    said = prompt if prompt is not None else " ".join(words)
    parts = [part for part in (piped.rstrip("\n"), said) if part.strip()]
    return "\n".join(parts) or None


def _piped_text() -> str:
    """What is piped in; nothing where standard input is a terminal, or closed."""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    return sys.stdin.buffer.read().decode("utf-8", errors="replace")


def _keep_alive(text: str) -> float:
    """Seconds for ``/api/chat``, negative for ever."""
    from inference.durations import InvalidDuration, parse_keep_alive

    try:
        seconds = parse_keep_alive(text)
    except InvalidDuration as error:
        raise ArgumentTypeError(str(error)) from error
    return -1 if seconds == float("inf") else seconds


def _in_catalog(model: str) -> bool:
    from models_app.errors import ModelNotFound
    from models_app.selectors import model_get

    try:
        model_get(model)
    except ModelNotFound:
        return False
    return True


def _remote(server: Any) -> Chat:
    from models_app.console.remote import RemoteChat

    return RemoteChat(server)


def _local() -> Chat:
    from models_app.console.local import LocalChat

    return LocalChat()
