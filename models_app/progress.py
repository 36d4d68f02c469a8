"""What a long action tells while it goes on, at most every 60 ms (wire.md 2.10)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

INTERVAL_SECONDS = 0.06


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One line. ``digest`` is ``sha256:<hex>`` and names a progress bar; sizes in bytes, ``total`` 0 when not known.

    Where the bytes' digest is found out only at the end, a digest of the source's identity stands in until then.
    """

    status: str
    digest: str = ""
    total: int = 0
    completed: int = 0


OnProgress = Callable[[Progress], None]


class LayerProgress:
    """Reports one layer's bytes. The first and the last report always go out, and none twice."""

    def __init__(self, *, digest: str, on_progress: OnProgress) -> None:
        self._digest = digest
        self._status = f"pulling {digest.removeprefix('sha256:')[:12]}"
        self._on_progress = on_progress
        self._next_seconds = 0.0
        self._last: tuple[int, int | None] | None = None

    def report(self, completed: int, total: int | None) -> None:
        now = time.monotonic()
        if (completed, total) == self._last or (now < self._next_seconds and completed != total):
            return
        self._last = (completed, total)
        self._next_seconds = now + INTERVAL_SECONDS
        total = max(total or 0, completed) if total is not None else 0
        self._on_progress(Progress(status=self._status, digest=self._digest, total=total, completed=completed))
