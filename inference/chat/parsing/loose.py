"""Values that are almost JSON, read from a text that is there as a whole: Python's literals, Gemma's bare keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from inference.chat.parsing.source import Malformed
from inference.chat.parsing.tools import load_json

MAX_DEPTH = 64
WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\n": ""}
BARE = re.compile(r"[^,:=\[\]{}()]+")
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
SPACES = re.compile(r"\s*")


class Loose:
    """``quotes``: what begins a string, and what ends it. Every method raises Malformed where the text is no value.

    ``escapes``: a backslash in a string means what it means in Python.
    """

    def __init__(self, text: str, *, quotes: Mapping[str, str], escapes: bool = True) -> None:
        self._text = text
        self._at = 0
        self._quotes = quotes
        self._escapes = escapes
        self._depth = 0

    def value(self) -> Any:
        self._spaces()
        if self._next() in ("[", "("):
            return self._nested(self._list)
        if self._next() == "{":
            return self._nested(self._object)
        quote = self._quote()
        return self._string(quote) if quote else self._bare()

    def pairs(self, closing: str, separators: str) -> dict[str, Any]:
        """``key:value, …`` up to ``closing``, behind the opening bracket."""
        values: dict[str, Any] = {}
        while not self._closed(closing):
            key = self._key()
            self.expect(separators)
            values[key] = self.value()
            self._comma(closing)
        return values

    def name(self) -> str:
        """What a call begins with, up to its bracket."""
        self._spaces()
        found = BARE.match(self._text, self._at)
        if found is None:
            raise Malformed
        self._at = found.end()
        return found[0].strip()

    def expect(self, characters: str) -> None:
        """One of these comes next."""
        self._spaces()
        if not self._next() or self._next() not in characters:
            raise Malformed
        self._at += 1

    def done(self) -> bool:
        self._spaces()
        return self._at >= len(self._text)

    def comma(self) -> bool:
        self._spaces()
        if self._next() != ",":
            return False
        self._at += 1
        return True

    def _nested(self, read: Any) -> Any:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Malformed
        self._at += 1
        value = read()
        self._depth -= 1
        return value

    def _list(self) -> list[Any]:
        closing = "]" if self._text[self._at - 1] == "[" else ")"
        values: list[Any] = []
        while not self._closed(closing):
            values.append(self.value())
            self._comma(closing)
        return values

    def _object(self) -> dict[str, Any]:
        return self.pairs("}", ":")

    def _key(self) -> str:
        self._spaces()
        quote = self._quote()
        if quote:
            return self._string(quote)
        return self.name()

    def _bare(self) -> Any:
        text = self.name()
        if text in WORDS:
            return WORDS[text]
        try:
            return load_json(text)
        except ValueError:
            return text

    def _quote(self) -> str:
        return next((quote for quote in self._quotes if self._text.startswith(quote, self._at)), "")

    def _string(self, quote: str) -> str:
        start, end = self._at + len(quote), self._quotes[quote]
        at = self._text.find(end, start)
        while self._escapes and at >= 0 and _is_escaped(self._text, start, at):
            at = self._text.find(end, at + 1)
        if at < 0:
            raise Malformed
        self._at = at + len(end)
        text = self._text[start:at]
        return ESCAPE.sub(_unescape, text) if self._escapes else text

    def _closed(self, closing: str) -> bool:
        self._spaces()
        if self._next() != closing:
            return False
        self._at += 1
        return True

    def _comma(self, closing: str) -> None:
        if not self.comma() and self._next() != closing:
            raise Malformed

    def _spaces(self) -> None:
        found = SPACES.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]


def _is_escaped(text: str, start: int, at: int) -> bool:
    """Whether an odd number of backslashes stands in front of ``at``."""
    slashes = 0
    while at - slashes > start and text[at - slashes - 1] == "\\":
        slashes += 1
    return slashes % 2 == 1


def _unescape(found: re.Match[str]) -> str:
    code = found[1]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return ESCAPES.get(code, code)
