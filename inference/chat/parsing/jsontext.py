"""JSON in the stream: where a value ends, and the calls that a value holds."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from inference.chat.parsing.source import Characters, Malformed, Source, Step
from inference.chat.parsing.tools import call_of, load_json
from inference.events import ToolCall

# Whatever stands outside a string and is not part of a number, a word or white space.
STRUCTURE = Characters(r"[^\s\w.,:+\-]")
WITHIN_STRING = Characters(r'["\\]')
OPENERS = "{["
CLOSERS = "}]"
NAME_KEYS = ("name", "tool_name", "function", "tool")
ARGUMENT_KEYS = ("arguments", "parameters", "args", "input")
CALL_KEYS = {*NAME_KEYS, *ARGUMENT_KEYS, "type", "id", "tool_call_id", "description"}


def read_value(source: Source) -> Step[Any]:
    """One object or array. Raises Malformed, or Ended where the text does before it is whole."""
    pieces = [(yield from source.expect(*OPENERS))]
    yield from _read_to_end(source, pieces, depth=1)
    return _loaded(pieces)


def read_object(source: Source, opened: str = "") -> Step[dict[str, Any]]:
    """``opened`` is the bracket, where it has been read already. Raises Malformed, Ended."""
    if not opened:
        yield from source.spaces()
    pieces = [opened or (yield from source.expect("{"))]
    yield from _read_to_end(source, pieces, depth=1)
    value: dict[str, Any] = _loaded(pieces)
    return value


def _read_to_end(source: Source, pieces: list[str], depth: int) -> Step[None]:
    """To where ``depth`` brackets that are open are closed. Raises Malformed, Ended."""
    while depth:
        before, mark = yield from source.collect(STRUCTURE)
        pieces += before, mark
        if mark == '"':
            yield from _read_string(source, pieces)
        elif mark in OPENERS or mark in CLOSERS:
            depth += 1 if mark in OPENERS else -1
        else:
            raise Malformed


def _loaded(pieces: list[str]) -> Any:
    try:
        return load_json("".join(pieces))
    except ValueError:
        raise Malformed from None


def read_known(source: Source, keys: Container[str], opened: str = "") -> Step[Any]:
    """As ``read_value``, but Malformed as soon as an object's first key is none of ``keys``: an answer that is JSON is
    not held back to its end. ``opened`` is the bracket, where it has been read already.
    """
    pieces = [opened or (yield from source.expect(*OPENERS)), (yield from source.spaces())]
    if pieces[0] == "[":
        pieces += (yield from source.expect("{")), (yield from source.spaces())
    pieces.append((yield from source.expect('"')))
    key, quote = yield from source.collect(WITHIN_STRING)
    if key not in keys or quote != '"':
        raise Malformed
    pieces += key, quote
    yield from _read_to_end(source, pieces, depth=2 if pieces[0] == "[" else 1)
    return _loaded(pieces)


def _read_string(source: Source, pieces: list[str]) -> Step[None]:
    while True:
        before, mark = yield from source.collect(WITHIN_STRING)
        pieces += before, mark
        if mark == '"':
            return
        pieces.append((yield from source.one()))


def calls_in(value: Any) -> list[ToolCall]:
    """The calls of an object, or of each object of a list. Raises Malformed where one has no name or no arguments."""
    calls = [_call(item) for item in (value if isinstance(value, list) else [value])]
    if not calls:
        raise Malformed
    return calls


def _call(item: Any) -> ToolCall:
    if not isinstance(item, Mapping):
        raise Malformed
    inner = item.get("function")
    if isinstance(inner, Mapping):
        return _call(inner)
    name = next((item[key] for key in NAME_KEYS if isinstance(item.get(key), str)), None)
    if not name:
        raise Malformed
    return call_of(name, arguments_in(item))


def arguments_in(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """An object, or the text of one; none at all is an empty one. Raises Malformed."""
    value = next((item[key] for key in ARGUMENT_KEYS if key in item), None)
    if isinstance(value, str) and value.strip():
        try:
            value = load_json(value)
        except ValueError:
            raise Malformed from None
    if value is None or value == "":
        return {}
    if not isinstance(value, Mapping):
        raise Malformed
    return value
