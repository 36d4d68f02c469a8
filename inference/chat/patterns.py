"""How long a regular expression may take. Python's backtracks: some take for ever over a few dozen characters."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

# Powers of two of steps that a search may take: 2^20 of them are some hundredths of a second.
MAX_BITS = 20.0
MAX_CHARS = 4096
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT)


def is_cheap(pattern: Any, n_chars: int) -> bool:
    """Whether a search through so many characters is sure to be short. False also for what is no pattern."""
    found = _bits(pattern) if isinstance(pattern, str) and len(pattern) <= MAX_CHARS else None
    if found is None:
        return False
    degree, bits = found
    return bits + degree * math.log2(n_chars + 1) <= MAX_BITS


@lru_cache(maxsize=256)
def _bits(pattern: str) -> tuple[float, float] | None:
    """(d, b) of at most 2^b · n^d ways to match n characters, the places to begin among them; None for no pattern."""
    try:
        re.compile(pattern)
        tree = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return None
    anchored = bool(len(tree)) and tree[0] == (codes.AT, codes.AT_BEGINNING)
    degree, bits = _ways(tree)
    return degree + (not anchored), bits


def _ways(tree: Any) -> tuple[float, float]:
    degree = bits = 0.0
    for code, value in tree:
        if code in _REPEATS or code == codes.POSSESSIVE_REPEAT:
            least, most, inside = value
            inner = _ways(inside)
            if most == codes.MAXREPEAT:
                added = (1.0, 0.0) if inner == (0.0, 0.0) else (math.inf, 0.0)
            else:
                added = (inner[0] * most, inner[1] * most + math.log2(int(most) - int(least) + 1))
        elif code == codes.BRANCH:
            parts = [_ways(part) for part in value[1]]
            added = (max(part[0] for part in parts), max(part[1] for part in parts) + math.log2(len(parts)))
        else:
            added = _inner(value)
        degree, bits = degree + added[0], bits + added[1]
    return degree, bits


def _inner(value: Any) -> tuple[float, float]:
    """Of groups, and of what looks ahead or behind."""
    if isinstance(value, parser.SubPattern):
        return _ways(value)
    if isinstance(value, tuple):
        parts = [_inner(part) for part in value]
        return sum(part[0] for part in parts), sum(part[1] for part in parts)
    return 0.0, 0.0
