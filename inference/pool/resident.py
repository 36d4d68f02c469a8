"""What the pool shows of a model it holds, for ``/api/ps``, the metrics and the admin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from inference.config import LoadOptions
from inference.pool.policy import State
from inference.spec import ModelSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """A snapshot. ``n_ctx`` is one sequence's context (0 while loading); ``expires_at`` is aware, None for never.

    ``n_active`` generations have started; ``n_queued`` wait, for the load or for a slot.
    """

    name: str
    spec: ModelSpec
    options: LoadOptions
    state: State
    n_ctx: int
    size_bytes: int
    size_vram_bytes: int
    expires_at: datetime | None
    n_active: int
    n_queued: int
    loaded_at: datetime | None
