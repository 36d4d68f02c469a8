"""``power run``: ask a model, once or in a chat."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError, CommandParser

from models_app.console.arguments import add_run_arguments, one_prompt, sampling_options, with_values
from models_app.console.command import PowerCommand, UsageError
from models_app.console.errors import ServerError

if TYPE_CHECKING:
    from models_app.console.client import Client
    from models_app.console.conversation import Conversation, View

_FOREVER = -1.0


class Command(PowerCommand):
    help = (
        "Ask a model. With a prompt, or text piped in, it answers once; without, a chat begins. "
        "A model that the catalog doesn't have is pulled first."
    )

    told_settings = ("host", "port", "no_history", "editor")

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Flags may stand between the words of a prompt and the model, in any order."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_run_arguments(parser)

    def run_from_argv(self, argv: list[str]) -> None:
        super().run_from_argv(argv[:2] + with_values(argv[2:]))

    def run(self, **options: Any) -> None:
        prompt = one_prompt(options["words"], options["prompt"], _piped_text())
        if prompt is None and not self.terminal:
            raise UsageError("there is no prompt, and a chat needs a terminal")
        with _server() as (client, is_ours):
            if is_ours and options["keepalive"] is None:
                # Kept for the whole chat: whoever reads a long answer must not wait for the model again.
                options["keepalive"] = _FOREVER
            self._ask(client, prompt, self._show_or_pull(client, is_ours, options), options)

    def _ask(self, client: Client, prompt: str | None, shown: dict[str, Any], options: dict[str, Any]) -> None:
        from models_app.console.conversation import Conversation, View

        conversation = Conversation(
            model=options["model"],
            system=options["system"],
            options=sampling_options(options),
            keep_alive=options["keepalive"],
            format=options["format"],
            think=options["think"],
            think_chosen=options["think"] is not None,
        )
        conversation.meet(shown)
        if "embedding" in conversation.capabilities and "completion" not in conversation.capabilities:
            self._embed(client, conversation, prompt, options)
            return
        view = View(
            verbose=options["verbose"], wordwrap=not options["nowordwrap"], hide_thinking=options["hidethinking"]
        )
        if prompt is None:
            self._converse(client, conversation, view, history=not options["no_history"])
        else:
            self._answer(client, conversation, view, prompt)

    def _embed(self, client: Client, conversation: Conversation, prompt: str | None, options: dict[str, Any]) -> None:
        if prompt is None:
            raise UsageError(
                f'embedding models require input text. Usage: power run {conversation.model} "your text here"'
            )
        body = {"model": conversation.model, "input": prompt}
        asked = {
            "keep_alive": conversation.keep_alive,
            "truncate": options["truncate"],
            "dimensions": options["dimensions"] or None,
        }
        self.write_json(client.embed(body | {name: value for name, value in asked.items() if value is not None}))

    def _answer(self, client: Client, conversation: Conversation, view: View, prompt: str) -> None:
        from models_app.console.media import MediaError, MediaPrompt, media_prompt
        from models_app.console.remote import RemoteChat
        from models_app.console.terminal import columns
        from models_app.console.writer import Style, write_answer

        try:
            asked = media_prompt(prompt) if conversation.takes_media else MediaPrompt(text=prompt)
        except MediaError as error:
            raise CommandError(f"couldn't process file: {error}") from error
        for line in asked.added:
            self._write_error(line)
        wrapped = columns if self.terminal and view.wordwrap else None
        style = Style(terminal=self.terminal is not None, columns=wrapped, hide_thinking=view.hide_thinking)
        answer = RemoteChat(client).answer(conversation.ask(asked.text, asked.images))
        try:
            write_answer(answer, self._write_now, style)
        finally:
            # Also after Ctrl-C and a closed pipe: what nobody reads must not be generated.
            answer.close()
        self._write_now("\n")
        if view.verbose and answer.timings:
            self._write_error("\n" + answer.timings.lines())

    def _converse(self, client: Client, conversation: Conversation, view: View, *, history: bool) -> None:
        from models_app.console.prompt import open_session
        from models_app.console.remote import RemoteChat
        from models_app.console.repl import Repl
        from models_app.console.terminal import columns, spinner, unechoed
        from power_site.conf import config

        with spinner():
            client.load(conversation.model, keep_alive=conversation.keep_alive, think=conversation.think)
        session = open_session(
            config().home / "history",
            keep_history=history and not config().no_history,
            editor=config().editor,
            model_names=lambda: _names(client),
        )
        repl = Repl(
            client,
            RemoteChat(client),
            conversation,
            session,
            view=view,
            write=self._write_now,
            write_error=self._write_error,
            columns=columns,
            waiting=spinner,
            quiet=unechoed,
        )
        repl.recall()
        repl.run()

    def _show_or_pull(self, client: Client, is_ours: bool, options: dict[str, Any]) -> dict[str, Any]:
        """What the model is; it is pulled where it is absent. Progress goes to standard error."""
        from models_app.console.pulling import pull, remote_pull

        model = options["model"]
        try:
            return client.show(model)
        except ServerError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
        if is_ours:
            pull(source=model, name=None, stream=sys.stderr)
        else:
            remote_pull(client, name=model, insecure=options["insecure"], stream=sys.stderr)
        return client.show(model)

    def _write_now(self, text: str) -> None:
        self.write(text)
        self.stdout.flush()

    def _write_error(self, text: str) -> None:
        self.stdout.flush()
        # Not in the red of errors: timings are none.
        self.stderr.write(text, str, ending="")
        self.stderr.flush()


@contextmanager
def _server() -> Iterator[tuple[Client, bool]]:
    """A client of the running server; where none runs, of one in this process, which the flag says."""
    from models_app.console.server import find_server, hosted_server

    client = find_server()
    if client is not None:
        yield client, False
        return
    with hosted_server() as own:
        yield own, True


def _names(client: Client) -> list[str]:
    """For Tab, which has no place for an error: the next question will tell of it."""
    try:
        return [str(model.get("name")) for model in client.models()]
    except (ServerError, OSError):
        return []


def _piped_text() -> str:
    """What is piped in; nothing where standard input is a terminal, or closed."""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    return sys.stdin.buffer.read().decode("utf-8", errors="replace")
