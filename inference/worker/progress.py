"""Tells a worker that hangs from one that is only busy. Pure: the caller brings the time."""

from __future__ import annotations

from inference.worker.protocol import Heartbeat

# One batch of a large model on a slow processor may take minutes: while the worker computes, it gets this much longer.
_PATIENCE = 10
# Of one core: a worker that waits for a lock takes nothing, one that computes beside much other work still this much.
_COMPUTING_SHARE = 0.05


class ProgressWatch:
    """Two ways to hang: the heartbeat stops (the process is stopped, or something holds the GIL), or it goes on while
    work that is there makes no step. Times are of one monotonic clock, in seconds."""

    def __init__(self, *, timeout_seconds: float, now: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._heard_at = now
        self._progress_at = now
        self._n_steps = -1
        self._cpu_seconds = 0.0
        self._computing = False

    def frame(self, now: float) -> None:
        self._heard_at = self._progress_at = now

    def heartbeat(self, beat: Heartbeat, now: float, *, busy: bool) -> None:
        """``busy``: the server waits for something of this worker."""
        if not busy or beat.n_steps != self._n_steps:
            self._progress_at = now
        self._computing = beat.cpu_seconds - self._cpu_seconds > _COMPUTING_SHARE * (now - self._heard_at)
        self._n_steps, self._cpu_seconds = beat.n_steps, beat.cpu_seconds
        self._heard_at = now

    def stuck_seconds(self, now: float) -> float | None:
        """How long nothing has moved, once that is too long."""
        patience = _PATIENCE if self._computing else 1
        silent, stalled = now - self._heard_at, now - self._progress_at
        if silent > self._timeout_seconds or stalled > self._timeout_seconds * patience:
            return max(silent, stalled)
        return None
