"""Calls written as Python's: ``[f(a=1), g()]``, of Llama 4, LFM2 and Olmo 3, which writes one on a line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inference.chat.parsing import jsontext
from inference.chat.parsing.forcing import Force, Function, grammar, keyword_arguments, literal
from inference.chat.parsing.loose import Loose
from inference.chat.parsing.script import CallReader, Emit
from inference.chat.parsing.source import Characters, Malformed, Markers, Source, Step
from inference.chat.parsing.tools import Tools, call_of, load_json
from inference.events import ToolCall

QUOTES = {"'": "'", '"': '"'}
STRUCTURE = Characters(r"[\[\](){}'\"]")
WITHIN = {quote: Characters(rf"[\\{quote}]") for quote in QUOTES}
NAME = re.compile(r"[\w.\-]+")
FIRST_NAME = Characters(r"[^\w.\-]")
BRACKETS = {"[": "]", "(": ")", "{": "}"}


def calls_list(source: Source, tools: Tools, emit: Emit) -> Step[None]:
    """``[f(…), …]`` of tools on offer, and of nothing else. Raises Malformed, Ended."""
    yield from source.expect("[")
    yield from source.spaces()
    name, mark = yield from source.collect(FIRST_NAME)
    if mark != "(" or name not in tools:
        raise Malformed
    text = name + mark + (yield from _balanced(source, ["[", "("]))
    for call in calls_in(text.rstrip()[:-1]):
        emit(call)


def listed(end: str) -> CallReader:
    """A list of calls, with brackets or without, up to a marker."""
    markers = Markers(end)

    def read(source: Source, tools: Tools, emit: Emit) -> Step[None]:
        text, _ = yield from source.collect(markers)
        for call in _any_calls(text.strip()):
            emit(call)

    return read


def _any_calls(text: str) -> list[ToolCall]:
    """Python's calls or, as LFM2 also writes them between its tokens, JSON's."""
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if not inner.lstrip().startswith("{"):
        return calls_in(inner)
    try:
        return jsontext.calls_in(load_json(text))
    except ValueError:
        raise Malformed from None


def calls_in(text: str) -> list[ToolCall]:
    """Calls with commas or line ends between them, at least one. Raises Malformed."""
    loose = Loose(text, quotes=QUOTES)
    calls: list[ToolCall] = []
    while not loose.done() or not calls:
        name = loose.name()
        if not NAME.fullmatch(name):
            raise Malformed
        loose.expect("(")
        calls.append(call_of(name, loose.pairs(")", "=:")))
        loose.comma()
    return calls


def _balanced(source: Source, opened: list[str]) -> Step[str]:
    """The text to where every bracket of ``opened`` is closed. Raises Malformed, Ended."""
    pieces: list[str] = []
    while opened:
        before, mark = yield from source.collect(STRUCTURE)
        pieces += before, mark
        if mark in QUOTES:
            yield from _quoted(source, mark, pieces)
        elif mark in BRACKETS:
            opened.append(mark)
        elif BRACKETS[opened.pop()] != mark:
            raise Malformed
    return "".join(pieces)


def _quoted(source: Source, quote: str, pieces: list[str]) -> Step[None]:
    while True:
        before, mark = yield from source.collect(WITHIN[quote])
        pieces += before, mark
        if mark == quote:
            return
        pieces.append((yield from source.one()))


def force(start: str, end: str, *, separator: str = ", ") -> Force:
    def grammar_of(functions: Sequence[Function], parallel: bool) -> str:
        def call(function: Function, rule: str) -> str:
            return f"{literal(function['name'] + '(')} {rule} {literal(')')}"

        return grammar(
            functions, call, start=start, separator=separator, end=end, parallel=parallel, arguments=keyword_arguments
        )

    return grammar_of
