"""Reads a Modelfile (the grammar is Ollama's ParseFile, parser/parser.go).

A command is a keyword, blanks and a value; PARAMETER and MESSAGE have a name and a role before it. A value ends with
its line, or, begun by a quote, with the first line that the same quote ends: quotes within it need no escape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, cast

from models_app.errors import InvalidModelfile
from models_app.modelfile.commands import KEYWORDS, ROLES, Command, Keyword, Modelfile

_GAP: Final = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")
_WORD: Final = re.compile(r"[A-Za-z]*")
_NAME: Final = re.compile(r"[A-Za-z0-9_]*")
_BLANKS: Final = re.compile(r"[ \t]+")
_LINE_END: Final = re.compile(r"[\r\n]|\Z")
_QUOTES: Final = ('"""', '"')

_NO_COMMAND = 'command must be one of {}, or "{}"'.format(
    ", ".join(f'"{keyword}"' for keyword in KEYWORDS[:-1]), KEYWORDS[-1]
)
_NO_ROLE = 'message role must be one of "system", "user", or "assistant"'
_CUT_OFF = "unexpected EOF"


def modelfile_parse(text: str) -> Modelfile:
    """Raises InvalidModelfile in Ollama's words, with the line where it can be told."""
    modelfile = Modelfile(tuple(_Parser(text).commands()))
    if not modelfile.values("from"):
        raise InvalidModelfile("no FROM line")
    return modelfile


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def commands(self) -> Iterator[Command]:
        while self._skip_gap():
            keyword = self._keyword()
            key = ""
            if keyword == "parameter":
                key = self._word(_NAME)
            elif keyword == "message":
                key = self._role()
            yield Command(keyword, self._value(), key)

    def _skip_gap(self) -> bool:
        """Whether there is more than blanks and comments."""
        self._match(_GAP)
        return self._position < len(self._text)

    def _keyword(self) -> Keyword:
        start = self._position
        word = self._match(_WORD).lower()
        if self._position == len(self._text):
            raise InvalidModelfile(_CUT_OFF)
        if word not in KEYWORDS or not self._match(_BLANKS):
            raise self._error(_NO_COMMAND, start)
        return cast(Keyword, word)

    def _role(self) -> str:
        start = self._position
        role = self._word(_WORD)
        if role not in ROLES:
            raise self._error(_NO_ROLE, start)
        return role

    def _word(self, pattern: re.Pattern[str]) -> str:
        word = self._match(pattern)
        if not self._match(_BLANKS):
            raise InvalidModelfile(f"{_CUT_OFF}: {word[:80]}")
        return word

    def _value(self) -> str:
        start = self._position
        lines = self._line_ends()
        end = next(lines)
        first = self._text[start:end].strip()
        quote = next((quote for quote in _QUOTES if first.startswith(quote)), None)
        if quote is None:
            return first
        begin = self._text.index(quote, start) + len(quote)
        while (closing := _closing(self._text, quote, begin, end)) is None:
            end = next(lines, -1)
            if end < 0:
                raise InvalidModelfile(_CUT_OFF)
        return self._text[begin:closing]

    def _line_ends(self) -> Iterator[int]:
        """The ends of this line and those that follow; ``_position`` is at the latest."""
        while True:
            found = _LINE_END.search(self._text, self._position)
            assert found is not None
            self._position = found.start()
            yield self._position
            if self._position == len(self._text):
                return
            self._position = found.end()

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._position)
        self._position = found.end() if found else self._position
        return found[0] if found else ""

    def _error(self, message: str, position: int) -> InvalidModelfile:
        line = len(re.findall(r"\r\n|\r|\n", self._text[:position])) + 1
        return InvalidModelfile(f"(line {line}): {message}")


def _closing(text: str, quote: str, begin: int, end: int) -> int | None:
    """Where the closing quote begins, if the line that ends at ``end`` ends with it."""
    while end > begin and text[end - 1].isspace():
        end -= 1
    closing = end - len(quote)
    return closing if closing >= begin and text.startswith(quote, closing) else None
