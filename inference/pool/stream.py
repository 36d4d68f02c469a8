"""One generation, for the one who reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from inference.events import Event, Started
from inference.mailbox import Mailbox


class Stream:
    """An async iterator over lists of events: everything since the last one, adjacent text joined, Finished last.

    Raises the InferenceError of a generation that fails. ``load_seconds`` is what this request waited for its model,
    0.0 when that was resident. One reader, on the loop that made it; ``close`` from any thread.
    """

    def __init__(self, mailbox: Mailbox, *, started: Started, load_seconds: float, cancel: Callable[[], None]) -> None:
        self._closed = False
        self.started = started
        self.load_seconds = load_seconds
        self._mailbox = mailbox
        self._cancel = cancel
        self._loop = asyncio.get_running_loop()

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> list[Event]:
        events = await self._mailbox.get()
        if not events:
            raise StopAsyncIteration
        return events

    def close(self) -> None:
        """Ends the generation if it still runs; the reader, if one waits, gets RequestCancelled. Idempotent."""
        if self._closed:
            return
        self._closed = True
        if _running_loop() is self._loop:
            self._cancel()
            return
        try:
            self._loop.call_soon_threadsafe(self._cancel)
        except RuntimeError:
            # The loop is closed, and with it the pool and its workers: nothing is left to cancel.
            return

    def __del__(self) -> None:
        # A caller cancelled at the very moment its stream was ready never gets to close it.
        self.close()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
