"""What Tab completes in a chat: the slash commands, their topics, and the models' names."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from inference.options import OPTIONS

_COMMANDS = ("/set", "/show", "/list", "/load", "/save", "/clear", "/bye", "/help", "/?")
_TOPICS: dict[str, tuple[str, ...]] = {
    "/set": (
        "parameter", "system", "history", "nohistory", "wordwrap", "nowordwrap", "format", "noformat",
        "verbose", "quiet", "think", "nothink",
    ),
    "/show": ("info", "license", "modelfile", "parameters", "system", "template"),
    "/help": ("set", "show", "shortcuts"),
    "/?": ("set", "show", "shortcuts"),
}  # fmt: skip
_THIRD: dict[tuple[str, str], tuple[str, ...]] = {
    ("/set", "parameter"): tuple(sorted(OPTIONS)),
    ("/set", "format"): ("json",),
    ("/set", "think"): ("low", "medium", "high"),
}


def candidates(text: str, model_names: Callable[[], Iterable[str]]) -> list[str]:
    """What the last word of ``text``, which ends at the cursor, may become."""
    words = text.split(" ")
    *before, word = words
    if not text.startswith("/"):
        return []
    match before:
        case []:
            choices: Iterable[str] = _COMMANDS
        case ["/load"]:
            choices = model_names()
        case [command]:
            choices = _TOPICS.get(command, ())
        case [command, topic]:
            choices = _THIRD.get((command, topic), ())
        case _:
            choices = ()
    return [choice for choice in choices if choice.startswith(word)]


class SlashCompleter(Completer):
    def __init__(self, model_names: Callable[[], Iterable[str]]) -> None:
        self._model_names = model_names

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        word = text.rpartition(" ")[2]
        for candidate in candidates(text, self._model_names):
            yield Completion(candidate, start_position=-len(word))
