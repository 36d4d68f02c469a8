"""Which part of a file a GET asks for, and whether it has the file already (RFC 9110, 13 and 14). Pure decisions."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes[ \t]*=[ \t]*(\d{0,19})-(\d{0,19})[ \t]*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """``start`` inclusive, ``end`` exclusive, both within the file."""

    start: int
    end: int

    @property
    def n_bytes(self) -> int:
        return self.end - self.start


class RangeNotSatisfiable(Exception):
    """The range lies beyond a file of ``size_bytes``."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"the range is beyond the {size_bytes} bytes there are")
        self.size_bytes = size_bytes


def range_select(header: str | None, size_bytes: int) -> ByteRange | None:
    """The one range that is asked for. None means the whole file: no range, several, or none that we understand.

    Raises RangeNotSatisfiable.
    """
    match = _RANGE.fullmatch(header or "")
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        start, end = max(size_bytes - int(match[2]), 0), size_bytes
    else:
        start = int(match[1])
        end = min(int(match[2]) + 1, size_bytes) if match[2] else size_bytes
        if match[2] and int(match[2]) < start:
            return None
    if start >= size_bytes:
        raise RangeNotSatisfiable(size_bytes)
    return ByteRange(start, end)


def etag_known(if_none_match: str | None, etag: str) -> bool:
    """Whether the client has this very version; compared weakly, as If-None-Match is (RFC 9110, 13.1.2)."""
    if not if_none_match:
        return False
    known = [entry.strip().removeprefix("W/") for entry in if_none_match.split(",")]
    return "*" in known or etag in known


def range_holds(if_range: str | None, etag: str) -> bool:
    """Whether a range may be answered: If-Range names this version (strongly), or is absent. A date never matches."""
    return not if_range or if_range.strip() == etag
