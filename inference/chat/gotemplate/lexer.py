"""Source text to tokens: text and the pieces of actions, with comments and trimmed space already gone.

The lexical grammar is that of Go's text/template: a trim marker is a minus with white space on its inner side, and
white space means blank, tab, carriage return and newline.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from inference.chat.gotemplate.errors import GoTemplateError, shown

SPACE = " \t\r\n"
OPEN = re.compile(r"\{\{(?P<trim>-(?=[ \t\r\n]))?")
CLOSE = re.compile(r"(?:[ \t\r\n]+(?P<trim>-))?\}\}")
COMMENT = re.compile(r"[ \t\r\n]?/\*")
PIECE = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
    |(?P<string>"(?:[^"\\\n]|\\[^\n])*")
    |(?P<raw>`[^`]*`)
    |(?P<char>'(?:[^'\\\n]|\\[^\n])+')
    |(?P<number>[+-]?(?:0[xXoObB][0-9A-Fa-f_]+|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)(?!\w))
    |(?P<field>\.[^\W\d]\w*)
    |(?P<variable>\$\w*)
    |(?P<word>[^\W\d]\w*)
    |(?P<mark>:=|[.|(),=])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is text, open, close, end, or one of PIECE's groups; ``spaced``: white space stands before it."""

    kind: str
    text: str
    line: int
    spaced: bool = False


def tokens(source: str) -> Iterator[Token]:
    """All tokens, the last of which is ``end``. Raises GoTemplateError."""
    position, line, trim = 0, 1, False
    while opening := OPEN.search(source, position):
        text = source[position : opening.start()]
        yield from _text(text, line, left=trim, right=bool(opening["trim"]))
        line += text.count("\n")
        inner = opening.end()
        if comment := COMMENT.match(source, inner):
            closing = _comment_close(source, comment.end(), line)
        else:
            yield Token("open", "{{", line)
            closing = yield from _action(source, inner, line)
            yield Token("close", "}}", line + source.count("\n", inner, closing.start()))
        line += source.count("\n", inner, closing.end())
        position, trim = closing.end(), bool(closing["trim"])
    yield from _text(source[position:], line, left=trim, right=False)
    yield Token("end", "", line + source.count("\n", position))


def _text(text: str, line: int, *, left: bool, right: bool) -> Iterator[Token]:
    kept = text.lstrip(SPACE) if left else text
    kept = kept.rstrip(SPACE) if right else kept
    if kept:
        yield Token("text", kept, line)


def _comment_close(source: str, position: int, line: int) -> re.Match[str]:
    end = source.find("*/", position)
    if end < 0:
        raise GoTemplateError(line, "unclosed comment")
    closing = CLOSE.match(source, end + 2)
    if closing is None:
        raise GoTemplateError(line, "comment ends before closing delimiter")
    return closing


def _action(source: str, position: int, line: int) -> Generator[Token, None, re.Match[str]]:
    """The tokens up to the closing delimiter, which is returned."""
    spaced = False
    while not (closing := CLOSE.match(source, position)):
        piece = PIECE.match(source, position)
        if piece is None or piece.lastgroup is None:
            raise GoTemplateError(line, _complaint(source, position))
        if piece.lastgroup != "space":
            yield Token(piece.lastgroup, piece[0], line, spaced)
        spaced = piece.lastgroup == "space"
        line += piece[0].count("\n")
        position = piece.end()
    return closing


def _complaint(source: str, position: int) -> str:
    if position >= len(source):
        return "unclosed action"
    character = source[position]
    if character in "\"'`":
        return "unterminated quoted string"
    return f"unexpected {shown(source[position : position + 8].split(maxsplit=1)[0])} in action"
