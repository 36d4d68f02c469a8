"""The functions every template has: Go's own. ``and`` and ``or`` are execution's: they may leave arguments alone."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from inference.chat.gotemplate import comparison
from inference.chat.gotemplate.errors import FunctionError
from inference.chat.gotemplate.formats import sprintf
from inference.chat.gotemplate.printing import formatted, joined
from inference.chat.gotemplate.sequences import index, length, slice_
from inference.chat.gotemplate.values import is_true, type_name

# Takes the arguments, gives the value, raises FunctionError.
Function = Callable[[Sequence[Any]], Any]

SHORT_CIRCUIT = frozenset(["and", "or"])
HTML = str.maketrans({"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"})
JS = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D"}


def _not(args: Sequence[Any]) -> bool:
    if len(args) != 1:
        raise FunctionError(f"wrong number of args for not: want 1 got {len(args)}")
    return not is_true(args[0])


def _printf(args: Sequence[Any]) -> str:
    if not args or not isinstance(args[0], str):
        raise FunctionError(f"wrong type for value; expected string; got {type_name(args[0]) if args else 'nothing'}")
    return sprintf(args[0], args[1:])


def _print(args: Sequence[Any]) -> str:
    return joined(values=list(args), line=False)


def _println(args: Sequence[Any]) -> str:
    return joined(values=list(args), line=True)


def _text(args: Sequence[Any]) -> str:
    """What the escapers take: one value as it prints, several as print joins them."""
    if len(args) == 1:
        return "<no value>" if args[0] is None else formatted(args[0])
    return _print(args)


def _html(args: Sequence[Any]) -> str:
    return _text(args).translate(HTML)


def _js(args: Sequence[Any]) -> str:
    return "".join(map(_js_character, _text(args)))


def _js_character(character: str) -> str:
    if character in JS:
        return JS[character]
    return character if character.isprintable() or character == "\x7f" else f"\\u{ord(character):04X}"


def _urlquery(args: Sequence[Any]) -> str:
    return urllib.parse.quote_plus(_text(args), safe="", errors="replace")


def _call(args: Sequence[Any]) -> Any:
    # No value of ours is a function.
    raise FunctionError(f"non-function of type {type_name(args[0]) if args else '<nil>'}")


BUILTINS: Mapping[str, Function] = {
    "call": _call,
    "eq": comparison.eq,
    "ge": comparison.ge,
    "gt": comparison.gt,
    "html": _html,
    "index": index,
    "js": _js,
    "le": comparison.le,
    "len": length,
    "lt": comparison.lt,
    "ne": comparison.ne,
    "not": _not,
    "print": _print,
    "printf": _printf,
    "println": _println,
    "slice": slice_,
    "urlquery": _urlquery,
}
