"""Sizes, times and durations as people read them, in the words of Ollama's tables (format/bytes.go, format/time.go)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_UNITS = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("KB", 10**3))
_FOREVER = timedelta(days=20 * 365)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def human_bytes(size: int) -> str:
    """Decimal units; one digit after the point below ten: ``98 MB``, ``1.2 GB``."""
    for unit, scale in _UNITS:
        if size >= scale:
            value = size / scale
            return f"{value:.1f} {unit}" if value < 10 and size % scale else f"{int(value)} {unit}"
    return f"{size} B"


def human_duration(seconds: float) -> str:
    """An approximation in the largest unit that fits: ``4 minutes``, ``About an hour``, ``3 weeks``."""
    if seconds < 1:
        return "Less than a second"
    if seconds < 60:
        return _count(int(seconds), "second")
    if seconds < 3600:
        return "About a minute" if seconds < 120 else f"{int(seconds // 60)} minutes"
    return _hours(round(seconds / 3600))


def _hours(hours: int) -> str:
    if hours == 1:
        return "About an hour"
    days = hours // 24
    if hours < 48:
        return f"{hours} hours"
    if days < 14:
        return f"{days} days"
    if days < 60:
        return f"{days // 7} weeks"
    return f"{days // 30} months" if days < 730 else f"{days // 365} years"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def human_time(moment: datetime, now: datetime) -> str:
    """``2 days ago``, ``4 minutes from now``; more than 20 years ahead is ``Forever``. Both are aware datetimes."""
    ahead = moment - now
    if ahead > _FOREVER:
        return "Forever"
    if ahead > timedelta(0):
        return f"{human_duration(ahead.total_seconds())} from now"
    return f"{human_duration(-ahead.total_seconds())} ago"


def timing(seconds: float) -> str:
    """A measured duration: ``812.4ms``, ``3.21s``, ``2m5.0s``."""
    if seconds < 1:
        return f"{seconds * 1000:.1f}ms"
    if seconds < 60:
        return f"{seconds:.2f}s"
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}m{rest:.1f}s"


def printable(text: str) -> str:
    """``text`` without what steers a terminal: escape sequences in a licence or an answer must not reach it."""
    return _CONTROL.sub("", text)
