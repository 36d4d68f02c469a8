"""A model that crashes again and again is left alone for a while: a crash loop must not eat the machine. Pure."""

from __future__ import annotations

from collections import deque


class CircuitBreaker:
    """Open for ``window_seconds`` after the last of ``limit`` crashes within ``window_seconds``. Times in seconds of
    one monotonic clock."""

    def __init__(self, *, limit: int, window_seconds: float) -> None:
        self._window_seconds = window_seconds
        self._crashes: deque[float] = deque(maxlen=max(1, limit))

    def crashed(self, now: float) -> None:
        self._crashes.append(now)

    def retry_after_seconds(self, now: float) -> float | None:
        """How long it stays open; None when it is closed."""
        crashes = self._crashes
        if len(crashes) < (crashes.maxlen or 1) or crashes[-1] - crashes[0] > self._window_seconds:
            return None
        left = crashes[-1] + self._window_seconds - now
        return left if left > 0 else None
