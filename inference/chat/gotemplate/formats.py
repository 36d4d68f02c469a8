"""Go's printf: verbs, flags, width and precision, and its complaints in the text where they don't fit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from inference.chat.gotemplate.printing import Pieces, format_float, formatted, is_plain
from inference.chat.gotemplate.values import type_name

VERB = re.compile(
    r"%(?P<flags>[-+# 0]*)(?P<width>\*|\d+)?(?:\.(?P<precision>\*|\d+)?(?P<dot>))?(?:\[(?P<place>\d+)\])?(?P<verb>.)?",
    re.DOTALL,
)
# Go's own bound for widths and precisions.
MAX_WIDTH = 1_000_000
QUOTED = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\", '"': '\\"'
}  # fmt: skip
BASES = {"b": "b", "o": "o", "x": "x", "X": "X", "d": "d"}


def sprintf(pattern: str, values: Sequence[Any]) -> str:
    """Raises FunctionError where the text grows too long."""
    run = _Run(values)
    position = 0
    for match in VERB.finditer(pattern):
        run.pieces.add(pattern[position : match.start()])
        run.verb(match)
        position = match.end()
    run.pieces.add(pattern[position:])
    run.extra()
    return run.pieces.text()


def quoted(text: str) -> str:
    """strconv.Quote."""
    return '"' + "".join(map(_quoted_character, text)) + '"'


def _quoted_character(character: str) -> str:
    if character in QUOTED:
        return QUOTED[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class _Run:
    """One call: the values not yet used, and the text so far."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.pieces = Pieces()
        self._values = values
        self._n_used = 0
        self._reordered = False

    def verb(self, match: re.Match[str]) -> None:
        width = self._size(match["width"], "BADWIDTH")
        precision = self._size(match["precision"], "BADPREC")
        if match["dot"] is not None and precision is None:
            precision = 0
        verb, flags = match["verb"], match["flags"]
        if width is not None and width < 0:
            flags, width = flags + "-", -width
        if match["place"] is not None:
            self._n_used, self._reordered = int(match["place"][:9]) - 1, True
            if not 0 <= self._n_used < len(self._values):
                return self.pieces.add(f"%!{verb or ''}(BADINDEX)")
        if verb is None:
            return self.pieces.add("%!(NOVERB)")
        if verb == "%":
            return self.pieces.add("%")
        if self._n_used >= len(self._values):
            return self.pieces.add(f"%!{verb}(MISSING)")
        text, is_number = self._text(verb, flags, precision)
        return self.pieces.add(_padded(text, flags, width or 0, is_number=is_number))

    def _size(self, text: str | None, complaint: str) -> int | None:
        if text is None:
            return None
        size: Any = self._next() if text == "*" else int(text[:9])
        if not isinstance(size, int) or isinstance(size, bool) or abs(size) > MAX_WIDTH:
            self.pieces.add(f"%!({complaint})")
            return None
        return size

    def _next(self) -> Any:
        self._n_used += 1
        return self._values[self._n_used - 1] if self._n_used <= len(self._values) else None

    def _text(self, verb: str, flags: str, precision: int | None) -> tuple[str, bool]:
        value = self._next()
        if verb == "T":
            return type_name(value), False
        text = _verbatim(verb, value, flags, precision)
        if text is None:
            return _complaint(verb, value), False
        return text, isinstance(value, int | float) and not isinstance(value, bool)

    def extra(self) -> None:
        if self._n_used < len(self._values) and not self._reordered:
            rest = self._values[self._n_used :]
            told = ("<nil>" if item is None else f"{type_name(item)}={formatted(item)}" for item in rest)
            self.pieces.add(f"%!(EXTRA {', '.join(told)})")


def _padded(text: str, flags: str, width: int, *, is_number: bool) -> str:
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags and is_number and text[:1] in "+- ":
        return text[0] + text[1:].rjust(width - 1, "0")
    return text.rjust(width, "0" if "0" in flags else " ")


def _verbatim(verb: str, value: Any, flags: str, precision: int | None) -> str | None:
    """The text of one value, or None where the verb doesn't fit it."""
    if verb in "vsq" and not isinstance(value, bool | int | float | None) and not is_plain(value):
        value = formatted(value)
    match value:
        case bool():
            return formatted(value) if verb in "vt" else None
        case int():
            return _integer(verb, value, flags)
        case float():
            return _float(verb, value, flags, precision)
        case str():
            return _string(verb, value, precision)
        case None:
            return "<nil>" if verb == "v" else None
        case list() | tuple():
            return f"[{' '.join(_inside(verb, item, flags, precision) for item in value)}]"
        case dict():
            pairs = (f"{key}:{_inside(verb, value[key], flags, precision)}" for key in sorted(value))
            return f"map[{' '.join(pairs)}]"
    return formatted(value, plus="+" in flags) if verb in "vs" else None


def _inside(verb: str, value: Any, flags: str, precision: int | None) -> str:
    """An element of a list or a map."""
    text = "<nil>" if value is None else _verbatim(verb, value, flags, precision)
    return _complaint(verb, value) if text is None else text


def _complaint(verb: str, value: Any) -> str:
    return f"%!{verb}(<nil>)" if value is None else f"%!{verb}({type_name(value)}={formatted(value)})"


def _string(verb: str, value: str, precision: int | None) -> str | None:
    text = value if precision is None else value[:precision]
    match verb:
        case "v" | "s":
            return text
        case "q":
            return quoted(text)
        case "x" | "X":
            digits = text.encode("utf-8", "replace").hex()
            return digits.upper() if verb == "X" else digits
    return None


def _integer(verb: str, value: int, flags: str) -> str | None:
    sign = "+" if "+" in flags and verb != "v" else " " if " " in flags else "-"
    match verb:
        case "v":
            return format(value, f"{sign}d")
        case "c":
            return chr(value) if 0 <= value <= 0x10FFFF else "\ufffd"
        case "q":
            return f"'{chr(value)}'" if 0 <= value <= 0x10FFFF else "'\ufffd'"
        case "U":
            return f"U+{value:04X}"
    return format(value, f"{sign}{'#' if '#' in flags and verb != 'd' else ''}{BASES[verb]}") if verb in BASES else None


def _float(verb: str, value: float, flags: str, precision: int | None) -> str | None:
    if verb not in "veEfFgG":
        return None
    if verb == "v":
        flags = flags.replace("+", "")
    if (verb in "vgG" and precision is None) or value - value != 0:
        text = format_float(value)
    else:
        text = format(value, f".{6 if precision is None else precision}{'g' if verb == 'v' else verb}")
    return ("+" if "+" in flags else " ") + text if text[0] not in "+-" and set(flags) & set("+ ") else text
