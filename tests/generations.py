"""Generations without a pool, for tests of the wires: a scripted list of events behind the real Generation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from inference import Stream
from inference.events import Event, Finished, Started, TextDelta, TokenLogprob
from models_app.serving import Generation

STARTED = Started(n_prompt=7, n_cached=3, n_ctx=2048)
FINISHED = Finished(reason="stop", n_prompt=7, n_cached=3, n_generated=2, prompt_seconds=0.25, decode_seconds=0.5)
LOGPROB = TokenLogprob(5, b"\xc3\xa9", -0.5, (TokenLogprob(5, b"\xc3\xa9", -0.5), TokenLogprob(6, b"\xff", -1.0)))


class ScriptedStream(Stream):
    """Gives each batch of events in turn, then ends, or raises ``error``."""

    def __init__(self, batches: Sequence[Sequence[Event]], *, error: Exception | None = None) -> None:
        self.started = STARTED
        self.load_seconds = 0.125
        self.n_closed = 0
        self._batches = [list(batch) for batch in batches]
        self._error = error

    async def __anext__(self) -> list[Event]:
        await asyncio.sleep(0)
        if self._batches:
            return self._batches.pop(0)
        raise self._error or StopAsyncIteration

    def close(self) -> None:
        self.n_closed += 1


def generation(*batches: Sequence[Event], error: Exception | None = None) -> Generation:
    now = time.perf_counter()
    return Generation(ScriptedStream(batches, error=error), model="m:latest", begun_at=now - 1, resolved_at=now)


def texts(*parts: str, finished: Finished = FINISHED, **fields: Any) -> list[list[Event]]:
    return [[TextDelta(part, **fields)] for part in parts] + [[finished]]
