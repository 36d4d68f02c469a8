"""One query for all who ask at the same moment. Belongs to the event loop's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Coalesced(Generic[T]):
    """``get(key)`` is answered by a ``load(key)`` that began after it was called, and so sees every change before it.

    Whoever asks while a load runs shares the next one with all others who do: a burst of a hundred requests for one
    model is two queries, and a full queue is told without waiting for the other ninety-nine.
    """

    def __init__(self, load: Callable[[str], Awaitable[T]]) -> None:
        self._load = load
        self._running: dict[str, asyncio.Task[T]] = {}
        self._next: dict[str, asyncio.Task[T]] = {}

    async def get(self, key: str) -> T:
        if key not in self._next:
            self._next[key] = asyncio.create_task(self._load_after(self._running.get(key), key))
        # One of several who leaves doesn't take the others' answer along.
        return await asyncio.shield(self._next[key])

    async def _load_after(self, running: asyncio.Task[T] | None, key: str) -> T:
        if running is not None:
            await asyncio.wait({running})
        this = self._running[key] = self._next.pop(key)
        try:
            return await self._load(key)
        finally:
            if self._running.get(key) is this:
                del self._running[key]
