"""Tells a worker that hangs from one that is only busy. Pure: the caller brings the time."""

from __future__ import annotations

from inference.worker.protocol import Heartbeat


class ProgressWatch:
    """Two ways to hang: the heartbeat stops (the process is stopped or holds the GIL), or it goes on while work that is
    there makes no step. Times are of one monotonic clock, in seconds."""

    def __init__(self, *, timeout_seconds: float, now: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._heard_at = now
        self._progress_at = now
        self._n_steps = -1

    def frame(self, now: float) -> None:
        self._heard_at = self._progress_at = now

    def heartbeat(self, beat: Heartbeat, now: float) -> None:
        self._heard_at = now
        idle = beat.n_running + beat.n_waiting == 0
        if idle or beat.n_steps != self._n_steps:
            self._progress_at = now
        self._n_steps = beat.n_steps

    def stuck_seconds(self, now: float) -> float | None:
        """How long nothing has moved, once that is longer than the timeout."""
        stuck = now - min(self._heard_at, self._progress_at)
        return stuck if stuck > self._timeout_seconds else None
