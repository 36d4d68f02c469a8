"""Part of a file as the body of an answer: read in threads, a piece at a time."""

from __future__ import annotations

import os
import threading

from power_site.http import run_file

PIECE_BYTES = 1 << 20


class FileBody:
    """A regular file's bytes, from a descriptor that is this body's from now on. ``close`` may come at any time.

    A file that ends early cuts the answer: its length was promised.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._closed = False
        self.size_bytes = os.fstat(descriptor).st_size
        self._at, self._end = 0, self.size_bytes

    def select(self, start: int, end: int) -> None:
        """Only these bytes, ``end`` exclusive. Before the first piece is taken."""
        self._at, self._end = start, end

    def __aiter__(self) -> FileBody:
        return self

    async def __anext__(self) -> bytes:
        if self._at >= self._end or self._closed:
            raise StopAsyncIteration
        data = await run_file(self._read)
        if not data:
            raise OSError("the file ended before its length")
        self._at += len(data)
        return data

    def close(self) -> None:
        """Idempotent, any thread, never waits: a read that is under way closes the file when it ends."""
        self._closed = True
        if self._lock.acquire(blocking=False):
            try:
                descriptor, self._descriptor = self._descriptor, -1
                if descriptor >= 0:
                    os.close(descriptor)
            finally:
                self._lock.release()

    def __del__(self) -> None:
        # A request cancelled between the view's return and the response's first byte: nobody else knows of the file.
        self.close()

    def _read(self) -> bytes:
        try:
            with self._lock:
                if self._descriptor < 0:
                    return b""
                return os.pread(self._descriptor, min(PIECE_BYTES, self._end - self._at), self._at)
        finally:
            if self._closed:
                self.close()
