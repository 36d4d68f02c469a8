"""Values to text as Go's fmt writes them with %v."""

from __future__ import annotations

from typing import Any

from inference.chat.gotemplate.errors import FunctionError
from inference.chat.gotemplate.gojson import plain, scientific, shortest
from inference.chat.gotemplate.values import Record, kind_of, method

# One value's text at most, however a template doubles it.
MAX_VALUE_CHARS = 16_000_000


def printed(value: Any) -> str:
    """What an action writes: a value that is not there is ``<no value>``."""
    return "<no value>" if value is None else formatted(value)


def formatted(value: Any, *, plus: bool = False) -> str:
    """%v, or %+v, which names a struct's fields."""
    match value:
        case str():
            return value
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return format_float(value)
        case bytes():
            return f"[{' '.join(map(str, value))}]"
    if string := method(value, "String"):
        return str(string(value))
    match value:
        case Record():
            return _struct(value, plus=plus)
        case dict():
            pairs = (f"{key}:{formatted(value[key], plus=plus)}" for key in sorted(value))
            return f"map[{' '.join(pairs)}]"
        case list() | tuple():
            return f"[{' '.join(formatted(item, plus=plus) for item in value)}]"
    raise FunctionError(f"can't print a value of type {type(value).__name__}")


def format_float(value: float) -> str:
    """The shortest digits that mean this number; an exponent from 1e+06 and below 1e-04."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    sign, digits, exponent = shortest(value)
    if -4 <= exponent < 6:
        return sign + plain(digits, exponent)
    return sign + scientific(digits, exponent, width=2)


def joined(*, values: list[Any], line: bool) -> str:
    """fmt.Sprint, which parts two values with a blank where neither is a string; Sprintln parts them all."""
    pieces = Pieces()
    for place, value in enumerate(values):
        if place and (line or not (isinstance(value, str) or isinstance(values[place - 1], str))):
            pieces.add(" ")
        pieces.add(formatted(value))
    return pieces.text() + ("\n" if line else "")


class Pieces:
    """Text put together under a limit, so that no call makes more of it than memory holds. Raises FunctionError."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._n_chars = 0

    def add(self, text: str) -> None:
        self._n_chars += len(text)
        if self._n_chars > MAX_VALUE_CHARS:
            raise FunctionError("too much text")
        self._pieces.append(text)

    def text(self) -> str:
        return "".join(self._pieces)


def _struct(record: Record, *, plus: bool) -> str:
    texts = []
    for attribute in record.kind.attributes:
        text = formatted(record.values[attribute.name], plus=plus)
        texts.append(f"{attribute.name}:{text}" if plus else text)
    return "{" + " ".join(texts) + "}"


def is_plain(value: Any) -> bool:
    """Whether it prints through no method of its own."""
    return kind_of(value) is None or method(value, "String") is None
