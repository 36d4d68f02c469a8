"""Go's durations ("5m", "1h30m", "1.5s"), which Ollama's settings and requests are written in.

Syntax and error texts are those of Go's ``time.ParseDuration`` (go.dev/src/time/format.go), because clients show them.
Everything here is in seconds; ``inf`` is "for ever".
"""

from __future__ import annotations

import math
import re

_UNIT_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,  # U+00B5, the micro sign
    "μs": 10**3,  # U+03BC, the Greek letter
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_LARGEST_NANOSECONDS = 2**63 - 1
_TERM = re.compile(r"(?P<whole>[0-9]*)(?P<fraction>\.[0-9]*)?(?P<unit>[^0-9.]*)")


class InvalidDuration(ValueError):
    """``str(error)`` is Go's own text."""


def parse_duration(text: str) -> float:
    """Seconds of a Go duration; negative ones are allowed. Raises InvalidDuration."""
    sign, body = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if body == "0":
        return 0.0
    if not body:
        raise InvalidDuration(f"time: invalid duration {_quote(text)}")
    return sign * _sum_of_terms(body, text) / 10**9


def parse_keep_alive(text: str) -> float:
    """A keep_alive as settings spell it: a duration or bare seconds; negative is inf."""
    try:
        seconds = parse_duration(text)
    except InvalidDuration:
        if not re.fullmatch(r"[+-]?[0-9]+", text):
            raise
        seconds = float(text)
    return forever_if_negative(seconds)


def format_duration(seconds: float) -> str:
    """The shortest spelling that ``parse_duration`` reads back as the same, of a finite duration."""
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def forever_if_negative(seconds: float) -> float:
    return math.inf if seconds < 0 else seconds


def _sum_of_terms(body: str, text: str) -> int:
    total, position = 0, 0
    while position < len(body):
        term = _TERM.match(body, position)
        assert term is not None, "every part of the pattern is optional"
        total += _term_nanoseconds(term, text)
        if total > _LARGEST_NANOSECONDS:
            raise InvalidDuration(f"time: invalid duration {_quote(text)}")
        position = term.end()
    return total


def _term_nanoseconds(term: re.Match[str], text: str) -> int:
    whole, fraction, unit = term["whole"], (term["fraction"] or "")[1:], term["unit"]
    if (not whole and not fraction) or len(whole) > 19:
        raise InvalidDuration(f"time: invalid duration {_quote(text)}")
    if not unit:
        raise InvalidDuration(f"time: missing unit in duration {_quote(text)}")
    if unit not in _UNIT_NANOSECONDS:
        raise InvalidDuration(f"time: unknown unit {_quote(unit)} in duration {_quote(text)}")
    scale = _UNIT_NANOSECONDS[unit]
    # Digits beyond the 18th can't change a nanosecond; Go ignores them too.
    fraction = fraction[:18]
    return int(whole or "0") * scale + (int(fraction) * scale // 10 ** len(fraction) if fraction else 0)


def _quote(text: str) -> str:
    """Go's ``time.quote``: quotes and backslashes escaped, control and non-ASCII bytes as ``\\xNN``."""
    return '"' + "".join(_quoted_byte(byte) for byte in text.encode("utf-8", "surrogatepass")) + '"'


def _quoted_byte(byte: int) -> str:
    if byte >= 0x80 or byte < 0x20:
        return f"\\x{byte:02x}"
    return f"\\{chr(byte)}" if chr(byte) in '"\\' else chr(byte)
