"""File locks of the store, held across processes and given back by the kernel when their holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from models_app.errors import StoreBusy

_POLL_SECONDS = 0.02


@contextlib.contextmanager
def file_lock(path: Path, *, wait: Callable[[], bool]) -> Iterator[None]:
    """Holds ``path`` exclusively; ``wait`` is asked before each new try, every 20 ms, and False raises StoreBusy.

    Threads exclude each other too: every call opens the file anew. Its holder may remove the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    while (descriptor := _try(path)) is None:
        if not wait():
            raise StoreBusy("the store is in use by another process; try again shortly")
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        os.close(descriptor)


def patience(seconds: float) -> Callable[[], bool]:
    """A ``wait`` that gives up after ``seconds``."""
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() < deadline


def _try(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with contextlib.suppress(BlockingIOError, FileNotFoundError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The file may have been removed by its holder between open and flock: such a lock excludes nobody.
        if os.path.samestat(os.fstat(descriptor), os.lstat(path)):
            return descriptor
    os.close(descriptor)
    return None
