"""``/set``: what the next answers are asked with, and how they look."""

from __future__ import annotations

import json
import shlex
from typing import Any, Protocol

from inference.errors import InvalidOption
from inference.options import parse_options
from models_app.console.conversation import Conversation, View
from models_app.console.formats import FormatError, answer_format
from models_app.console.prompt import unquoted
from models_app.console.slash.help import PARAMETERS, SET


class Keeper(Protocol):
    """Whoever writes the history of what was typed."""

    def keep_history(self, keep: bool) -> None: ...


def set_value(line: str, conversation: Conversation, view: View, keeper: Keeper) -> str:
    """Does what a ``/set`` line says; the text that answers it. What it can't understand changes nothing."""
    match line.split():
        case [_, "parameter", name, *values] if values:
            return _set_parameter(conversation, name, _rest(line, 3))
        case [_, "parameter", *_]:
            return PARAMETERS
        case [_, "system", _, *_]:
            conversation.system = unquoted(_rest(line, 2))
            return "Set system message.\n"
        case [_, "format", *_]:
            return _set_format(conversation, _rest(line, 2))
        case [_, "think", *level]:
            return _set_think(conversation, level[0] if level else True)
        case [_, "system"] | [_]:
            return SET
        case [_, word, *_]:
            return _set_switch(word, conversation, view, keeper)
    return SET


def _rest(line: str, n_words: int) -> str:
    """What follows the first words, as it was typed."""
    parts = line.split(maxsplit=n_words)
    return parts[n_words] if len(parts) > n_words else ""


def _set_parameter(conversation: Conversation, name: str, text: str) -> str:
    value = option_value(name, text)
    try:
        ignored = parse_options({name: value}).ignored
    except InvalidOption as error:
        return f"Couldn't set parameter: {error}\n"
    if ignored:
        return f"Couldn't set parameter: unknown parameter '{name}'\n"
    conversation.options[name] = value
    return f"Set parameter '{name}' to '{', '.join(value) if isinstance(value, list) else text}'\n"


def option_value(name: str, text: str) -> Any:
    """A number or a boolean where the text is one. ``stop`` is a list: words, or texts in quotes."""
    if name == "stop":
        return _words(text)
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, str) else value


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote that doesn't close is a character like any other
        return text.split()


def _set_format(conversation: Conversation, text: str) -> str:
    if not text:
        return "Invalid or missing format. For 'json' mode use '/set format json'\n"
    try:
        conversation.format = answer_format(text)
    except FormatError as error:
        return f"{error}\n"
    return f"Set format to '{text}' mode.\n"


def _set_think(conversation: Conversation, value: bool | str) -> str:
    conversation.think, conversation.think_chosen = value, True
    said = f"Set 'think' mode to '{value}'.\n" if isinstance(value, str) else "Set 'think' mode.\n"
    return _unless_thinking(conversation) + said


def _unless_thinking(conversation: Conversation) -> str:
    if "thinking" in conversation.capabilities:
        return ""
    return f'warning: model "{conversation.model}" does not support thinking output\n'


def _set_switch(word: str, conversation: Conversation, view: View, keeper: Keeper) -> str:
    match word:
        case "history" | "nohistory":
            keeper.keep_history(word == "history")
        case "wordwrap" | "nowordwrap":
            view.wordwrap = word == "wordwrap"
        case "verbose" | "quiet":
            view.verbose = word == "verbose"
        case "nothink":
            conversation.think, conversation.think_chosen = False, True
        case "noformat":
            conversation.format = None
            return "Disabled format.\n"
        case _:
            return f"Unknown command '/set {word}'. Type /? for help\n"
    return f"Set '{word}' mode.\n"
