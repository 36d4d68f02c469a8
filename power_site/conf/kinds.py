"""The kinds of values a setting can have: how each is read from text or TOML, and what is said when it can't be."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.durations import InvalidDuration, parse_duration, parse_keep_alive

_SIZE = re.compile(r"(\d+)\s*(|[KMGT]iB|[KMGT]B|B)", re.IGNORECASE)
_SIZE_UNITS = {"": 1, "b": 1} | {
    f"{letter}{suffix}": base**power
    for power, letter in enumerate("kmgt", start=1)
    for suffix, base in (("ib", 1024), ("b", 1000))
}
_TRUE, _FALSE = {"1", "true", "t", "yes", "on"}, {"0", "false", "f", "no", "off"}


@dataclass(frozen=True, slots=True)
class Kind:
    """``parse`` takes a string (environment, command line) or a TOML value; raises ValueError or TypeError."""

    allowed: str
    parse: Callable[[object], Any]


def integer(low: int, high: int) -> Kind:
    def parse(raw: object) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int | str):
            raise TypeError
        value = int(raw)
        if not low <= value <= high:
            raise ValueError
        return value

    return Kind(f"a whole number from {low} to {high}", parse)


def boolean() -> Kind:
    return Kind("true or false", _parse_boolean)


def _parse_boolean(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).lower()
    if word not in _TRUE | _FALSE:
        raise ValueError
    return word in _TRUE


def choice(*words: str) -> Kind:
    def parse(raw: object) -> str:
        if raw not in words:
            raise ValueError
        return str(raw)

    return Kind("one of " + ", ".join(words), parse)


def text(allowed: str = "text", *, pattern: str = r".+") -> Kind:
    def parse(raw: object) -> str:
        if not isinstance(raw, str) or not re.fullmatch(pattern, raw):
            raise ValueError
        return raw

    return Kind(allowed, parse)


def path() -> Kind:
    return Kind("a folder's path", lambda raw: Path(_string(raw)).expanduser().absolute())


def words(allowed: str, *, pattern: str) -> Kind:
    """A list in TOML, comma-separated elsewhere."""

    def parse(raw: object) -> tuple[str, ...]:
        parts = [_string(part).strip() for part in _parts(raw)]
        if not all(re.fullmatch(pattern, part) for part in parts):
            raise ValueError
        return tuple(parts)

    return Kind(allowed, parse)


def proportions() -> Kind:
    def parse(raw: object) -> tuple[float, ...]:
        values = tuple(float(part) for part in _parts(raw))  # type: ignore[arg-type]
        if any(not math.isfinite(value) or value < 0 for value in values):
            raise ValueError
        return values

    return Kind("a list of non-negative numbers, one for each GPU", parse)


def size() -> Kind:
    return Kind('bytes, or a size such as "16MiB"', _parse_size)


def _parse_size(raw: object) -> int:
    match = None if isinstance(raw, bool) else _SIZE.fullmatch(str(raw).strip())
    if match is None:
        raise ValueError
    factor: int = _SIZE_UNITS[match[2].lower()]
    return int(match[1]) * factor


def keep_alive() -> Kind:
    allowed = 'a duration such as "5m" or "1h30m", or seconds; negative keeps models for ever'
    return Kind(allowed, lambda raw: parse_keep_alive(_duration_text(raw)))


def seconds(*, zero_is_forever: bool = False) -> Kind:
    """Bare numbers are seconds. Where ``zero_is_forever``, zero and negative values mean no limit (inf)."""

    def parse(raw: object) -> float:
        value = _seconds(_duration_text(raw))
        if value <= 0 and zero_is_forever:
            return math.inf
        if value < 0:
            raise ValueError
        return value

    allowed = 'a duration such as "30s" or "5m", or seconds'
    return Kind(f"{allowed}; 0 is no limit" if zero_is_forever else allowed, parse)


def _seconds(value: str) -> float:
    try:
        return parse_duration(value)
    except InvalidDuration:
        return float(int(value))


def _duration_text(raw: object) -> str:
    return str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else _string(raw)


def _string(raw: object) -> str:
    if not isinstance(raw, str):
        raise TypeError
    return raw


def _parts(raw: object) -> list[object]:
    if isinstance(raw, str):
        return [part for part in raw.split(",") if part.strip()]
    if not isinstance(raw, list):
        raise TypeError
    return raw
