"""A bounded reader over mapped bytes: every read is checked against the end, and strings are skipped unmade."""

from __future__ import annotations

import mmap
import struct

import numpy as np
import numpy.typing as npt

from models_app.errors import InvalidGGUF

MAX_STRING_BYTES = 1 << 20
_WINDOW_BYTES = 1 << 17
_SLOW_STRINGS = 1 << 12
_U64 = struct.Struct("<Q")


class Cursor:
    """A position in ``data``. Raises InvalidGGUF for every read beyond the end; owned by one thread."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self.size = len(data)
        self.position = 0

    def number(self, code: str) -> int | float:
        """One little-endian number of ``struct`` code ``code``."""
        layout = struct.Struct(f"<{code}")
        self._require(layout.size)
        (value,) = layout.unpack_from(self._data, self.position)
        self.position += layout.size
        return value  # type: ignore[no-any-return]

    def integer(self, code: str) -> int:
        return int(self.number(code))

    def text(self, max_bytes: int = MAX_STRING_BYTES) -> str:
        """A string as it stands; bytes that aren't UTF-8 become U+FFFD, NUL is dropped (databases refuse it)."""
        n_bytes = self._string_length(max_bytes)
        start = self.position
        self.position += n_bytes
        return self._data[start : self.position].decode("utf-8", "replace").replace("\0", "")

    def skip(self, n_bytes: int) -> None:
        self._require(n_bytes)
        self.position += n_bytes

    def skip_strings(self, count: int) -> None:
        """Walks over ``count`` strings, some 30 ns each while they are shorter than 256 bytes."""
        self._require(8 * count)
        while count:
            count -= self._skip_short(count)
            n_slow = min(count, _SLOW_STRINGS)
            for _ in range(n_slow):
                n_bytes = self._string_length(MAX_STRING_BYTES)
                self.position += n_bytes
            count -= n_slow

    def _skip_short(self, count: int) -> int:
        """Skips strings up to one that isn't ordinary text of 1 to 255 bytes; returns how many."""
        skipped = 0
        while skipped < count:
            ends = short_string_ends(self._data[self.position : self.position + _WINDOW_BYTES])[: count - skipped]
            if not ends.size:
                break
            self.position += int(ends[-1])
            skipped += ends.size
            self._require(0)
        return skipped

    def _string_length(self, max_bytes: int) -> int:
        """Moves over the length, and makes sure that so many bytes follow."""
        self._require(8)
        (n_bytes,) = _U64.unpack_from(self._data, self.position)
        if n_bytes > max_bytes:
            raise InvalidGGUF(f"a string of {n_bytes} bytes, at most {max_bytes} are allowed")
        self.position += 8
        self._require(n_bytes)
        return int(n_bytes)

    def _require(self, n_bytes: int) -> None:
        if n_bytes > self.size - self.position:
            raise InvalidGGUF("the file is truncated")


def short_string_ends(window: bytes) -> npt.NDArray[np.int64]:
    """Where the strings at the window's head end, each a u64 length and that many bytes, as far as that is certain.

    A length below 256 ends in seven zero bytes and text has none, so all lengths are found at once; a chain in which
    each string begins where the one before ended is what a walk would have found. Its first break ends the answer.
    """
    data = np.frombuffer(window, dtype=np.uint8)
    zero = data == 0
    for shift in (1, 2, 3):  # runs of 2, of 4, and of 7 zeros
        zero = zero[:-shift] & zero[shift:]
    starts = np.flatnonzero(zero) - 1
    starts = starts[starts >= 0]
    if not starts.size or starts[0] != 0:
        return starts[:0]
    ends = starts + 8 + data[starts]
    follows = starts[1:] == ends[:-1]
    return ends if follows.all() else ends[: int(follows.argmin()) + 1]
