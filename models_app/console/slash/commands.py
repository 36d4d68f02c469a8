"""The slash commands, carried out: what they do to the chat and what they ask the server."""

from __future__ import annotations

import http.client
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from django.utils import timezone

from models_app.console.client import Client
from models_app.console.conversation import Conversation, View
from models_app.console.errors import ServerError
from models_app.console.humanize import printable
from models_app.console.listing import LIST_HEADER, tag_row
from models_app.console.media import file_names
from models_app.console.slash.help import SHOW, help_text
from models_app.console.slash.setting import Keeper, set_value
from models_app.console.slash.showing import shown_text
from models_app.console.table import plain_table
from models_app.console.writer import Write

_KNOWN = frozenset({"/bye", "/exit", "/?", "/help", "/clear", "/set", "/show", "/list", "/ls", "/load", "/save"})


class Waiting(Protocol):
    """Shows that something is being waited for, while its context is open."""

    def __call__(self) -> AbstractContextManager[object]: ...


def is_command(line: str, *, takes_media: bool = False) -> bool:
    """A slash and a word. A path such as ``/etc/hosts`` in a question is no command, nor is that of a picture."""
    word = line.split(maxsplit=1)[0] if line.strip() else ""
    if word in _KNOWN:
        return True
    is_media = takes_media and any(name.startswith(word) for name in file_names(line))
    return word.startswith("/") and "/" not in word[1:] and not is_media


class Commands:
    """Runs on the main thread. What the server refuses is raised as ServerError, for the chat to tell."""

    def __init__(
        self,
        client: Client,
        conversation: Conversation,
        view: View,
        keeper: Keeper,
        *,
        write: Write,
        waiting: Waiting = nullcontext,
    ) -> None:
        self._client = client
        self._conversation = conversation
        self._view = view
        self._keeper = keeper
        self._write_raw = write
        self._waiting = waiting

    def execute(self, line: str) -> bool:
        """Does what the line says; False when the chat is to end."""
        match line.split():
            case ["/bye" | "/exit", *_]:
                return False
            case ["/?" | "/help", *topics]:
                self._write(help_text(topics, takes_media=self._conversation.takes_media))
            case ["/clear", *_]:
                self._conversation.turns.clear()
                self._write("Cleared session context\n")
            case ["/set", *_]:
                self._write(set_value(line, self._conversation, self._view, self._keeper))
            case ["/show", topic, *_]:
                shown = self._client.show(self._conversation.model)
                self._write(shown_text(topic, shown, self._conversation))
            case ["/show"]:
                self._write(SHOW)
            case ["/list" | "/ls", *prefix]:
                self._list(prefix[0] if prefix else "")
            case ["/load", name]:
                self._load(name)
            case ["/save", name]:
                self._save(name)
            case ["/load" | "/save" as command, *_]:
                self._write(f"Usage:\n  {command} <modelname>\n")
            case [command, *_]:
                self._write(f"Unknown command '{command}'. Type /? for help\n")
        return True

    def _write(self, text: str) -> None:
        self._write_raw(printable(text))

    def _list(self, prefix: str) -> None:
        now = timezone.now()
        rows = [tag_row(model, now) for model in self._client.models()]
        self._write(plain_table(LIST_HEADER, [row for row in rows if row[0].lower().startswith(prefix.lower())]))

    def _load(self, name: str) -> None:
        self._write(f"Loading model '{name}'\n")
        conversation = self._conversation
        try:
            with self._waiting():
                shown = self._client.show(name)
                self._client.load(name, keep_alive=conversation.keep_alive)
        except ServerError as error:
            if error.status != http.client.NOT_FOUND:
                raise
            self._write(f"Couldn't find model '{name}'\n")
            return
        conversation.change_model(name, shown)

    def _save(self, name: str) -> None:
        try:
            self._client.create(self._conversation.saved(name))
        except ServerError as error:
            if "invalid model name" not in str(error):
                raise
            self._write(f"error: The model name '{name}' is invalid\n")
            return
        self._write(f"Created new model '{name}'\n")
