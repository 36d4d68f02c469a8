"""Times and durations as Go writes them in JSON: RFC 3339 with up to nine decimals, and whole nanoseconds."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from functools import lru_cache

# "For ever" is Go's longest duration from now: clients print Forever for anything more than 20 years ahead.
FOREVER = timedelta(microseconds=(2**63 - 1) // 1000)


def created_at(now_ns: int | None = None) -> str:
    """Now, in UTC: ``2026-01-02T03:04:05.123456789Z``; Go leaves trailing zeros of the fraction out."""
    second, nanosecond = divmod(time.time_ns() if now_ns is None else now_ns, 10**9)
    return f"{_second(second)}{_fraction(nanosecond, 9)}Z"


def local_time(moment: datetime) -> str:
    """An aware moment in the server's zone: with its offset, which Go writes ``Z`` where it is zero."""
    text = moment.astimezone().isoformat(timespec="microseconds")
    time_text, zone = text[:26], text[26:]
    return time_text.rstrip("0").rstrip(".") + ("Z" if zone == "+00:00" else zone)


def nanoseconds(seconds: float) -> int:
    return round(seconds * 10**9)


@lru_cache(maxsize=4)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def _fraction(value: int, digits: int) -> str:
    text = f"{value:0{digits}d}".rstrip("0")
    return f".{text}" if text else ""
