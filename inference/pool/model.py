"""The record of one model in the pool: its worker, its state, who uses it and when it goes. Holds no rules."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from inference.config import LoadOptions
from inference.pool.clock import Timer
from inference.pool.policy import ResidentView, State
from inference.pool.resident import Resident
from inference.spec import ModelSpec
from inference.worker.exits import Exit
from inference.worker.host import Host
from inference.worker.protocol import LoadedInfo

if TYPE_CHECKING:
    from inference.pool.waiting import Ticket

# Beyond this a keep_alive means for ever; dates and timers have an end.
FOREVER_SECONDS = 1e9


@dataclass(slots=True, eq=False, kw_only=True)
class Model:
    """``options`` are those asked for, ``users`` the requests it serves; ``expires_at`` is on the pool's clock while
    the model is idle. ``size_bytes`` is estimated until the worker has told."""

    spec: ModelSpec
    options: LoadOptions
    keep_alive_seconds: float
    size_bytes: int
    last_used: float
    host: Host | None = None
    state: State = "loading"
    info: LoadedInfo | None = None
    users: set[Ticket] = field(default_factory=set)
    loaded_at: datetime | None = None
    expires_at: float | None = None
    timer: Timer | None = None
    task: asyncio.Task[None] | None = None
    exit: Exit | None = None

    @property
    def idle(self) -> bool:
        return self.state == "ready" and not self.users

    @property
    def for_ever(self) -> bool:
        return not 0 <= self.keep_alive_seconds < FOREVER_SECONDS

    def view(self) -> ResidentView:
        return ResidentView(
            digest=self.spec.digest,
            options=self.options,
            state=self.state,
            n_ctx=self.info.n_ctx if self.info else 0,
            n_in_flight=len(self.users),
            last_used=self.last_used,
            size_bytes=self.size_bytes,
        )

    def snapshot(self, *, now: float, n_waiting: int) -> Resident:
        n_active = sum(ticket.started for ticket in self.users)
        return Resident(
            name=self.spec.name,
            spec=self.spec,
            options=self.options,
            state=self.state,
            n_ctx=self.info.n_ctx if self.info else 0,
            size_bytes=self.size_bytes,
            size_vram_bytes=self.info.size_vram_bytes if self.info else 0,
            expires_at=self._expiry(now),
            n_active=n_active,
            n_queued=len(self.users) - n_active + n_waiting,
            loaded_at=self.loaded_at,
        )

    def disarm(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.timer = self.expires_at = None

    def _expiry(self, now: float) -> datetime | None:
        """While it works, the time is counted as if it became idle now (Ollama's estimate)."""
        if self.state == "stopping":
            return datetime.now(UTC)
        if self.for_ever:
            return None
        left = self.keep_alive_seconds if self.expires_at is None else max(0.0, self.expires_at - now)
        return datetime.now(UTC) + timedelta(seconds=left)
