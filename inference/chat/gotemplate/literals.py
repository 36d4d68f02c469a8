"""Go's literals to values: strings, characters and numbers."""

from __future__ import annotations

import re

ESCAPE = re.compile(
    r"\\(?:x([0-9A-Fa-f]{2})|([0-7]{3})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))|([^\\]+)|(\\)", re.DOTALL
)
SIMPLE = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", "'": "'", '"': '"'
}  # fmt: skip
INT_MIN, INT_MAX = -(2**63), 2**63 - 1


def unquoted(literal: str) -> str:
    """The text of an interpreted string. ``\\xNN`` and octals are bytes of UTF-8. Raises ValueError."""
    text = bytearray()
    for hexadecimal, octal, short, long, simple, plain, stray in ESCAPE.findall(literal[1:-1]):
        if stray:
            raise ValueError("invalid escape")
        if hexadecimal or octal:
            text.append(int(hexadecimal, 16) if hexadecimal else int(octal, 8))
        elif short or long:
            text += _character(int(short or long, 16))
        else:
            text += (plain or _simple(simple)).encode("utf-8", "replace")
    return text.decode("utf-8", "replace")


def character(literal: str) -> int:
    """The code point of a character literal, as Go's rune is an integer. Raises ValueError."""
    text = unquoted(literal)
    if len(text) != 1:
        raise ValueError("not one character")
    return ord(text)


def number(literal: str) -> int | float:
    """An integer, or a float where the literal is written as one. Raises ValueError."""
    hexadecimal = literal.lstrip("+-")[:2].lower() == "0x"
    if not hexadecimal and any(mark in literal for mark in ".eE"):
        return float(literal)
    value = int(_modern_octal(literal), 0)
    if not INT_MIN <= value <= INT_MAX:
        raise ValueError("integer overflow")
    return value


def _modern_octal(literal: str) -> str:
    digits = literal.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        return literal[: len(literal) - len(digits)] + "0o" + digits[1:]
    return literal


def _simple(escape: str) -> str:
    if escape not in SIMPLE:
        raise ValueError("invalid escape")
    return SIMPLE[escape]


def _character(code: int) -> bytes:
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ValueError("not a character")
    return chr(code).encode()
