"""Where one request's events wait for the one who reads them. Everything here runs on the event loop's thread.

The worker's reader puts a whole frame's events and the reader of the mailbox is woken once, however many there are;
what has piled up meanwhile is read in one go, adjacent text joined. There is no queue and no task per token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from inference.errors import InferenceError, RequestCancelled
from inference.events import Event, Failed, Finished, Started, TextDelta, ThinkingDelta

MAX_UNREAD_BYTES = 1 << 20
_FOLD_EVERY = 64


class Mailbox:
    """Events of one request, from Started to Finished or Failed.

    ``on_end(event)`` is called once, when the last event has been put or the mailbox has been closed (then with None);
    by then nothing more is read from the worker for this request. ``on_overflow()`` is called when more than
    ``max_unread_bytes`` of text wait for a reader that does not come; then the mailbox fails.
    """

    __slots__ = (
        "_error",
        "_folded",
        "_max_unread_bytes",
        "_on_end",
        "_on_overflow",
        "_unread",
        "_unread_bytes",
        "_waiter",
        "ended",
        "n_generated",
        "started",
    )

    def __init__(
        self,
        *,
        on_end: Callable[[Event | None], None],
        on_overflow: Callable[[], None],
        max_unread_bytes: int = MAX_UNREAD_BYTES,
    ) -> None:
        self.started: Started | None = None
        self.n_generated = 0
        self.ended = False
        self._on_end = on_end
        self._on_overflow = on_overflow
        self._max_unread_bytes = max_unread_bytes
        self._unread: list[Event] = []
        self._unread_bytes = 0
        self._folded = 0
        self._error: InferenceError | None = None
        self._waiter: asyncio.Future[None] | None = None

    def put(self, event: Event) -> None:
        """One event of the worker's. After the end, or after ``close()``, events are dropped."""
        if self.ended:
            return
        if isinstance(event, TextDelta | ThinkingDelta):
            self._put_text(event)
        elif isinstance(event, Started):
            self.started = event
        elif isinstance(event, Failed):
            self.fail(event.exception(), event)
            return
        else:
            self._unread.append(event)
            if isinstance(event, Finished):
                self._end(event)
        self._wake()

    def fail(self, error: InferenceError, event: Failed | None = None) -> None:
        """What has been put before is still read; then the reader gets ``error``."""
        if self.ended:
            return
        self._error = error
        self._end(event or Failed.of(error))
        self._wake()

    def close(self) -> None:
        """The reader has left: nothing is kept, whoever still waits in ``get`` is told that the request is
        cancelled."""
        self._unread.clear()
        if not self.ended:
            self._error = RequestCancelled()
            self._end(None)
            self._wake()

    async def wait_started(self) -> Started:
        """Returns once Started is there; raises the error of a request that fails before."""
        while self.started is None:
            if self._error is not None:
                raise self._error
            await self._woken()
        return self.started

    async def get(self) -> list[Event]:
        """Everything after Started and since the last call, at least one event; an empty list after the last one.

        Raises the error of a Failed once all that came before it has been read. One reader at a time.
        """
        while not self._unread:
            if self._error is not None:
                raise self._error
            if self.ended:
                return []
            await self._woken()
        events = self._unread
        self._unread, self._unread_bytes, self._folded = [], 0, 0
        return events if len(events) == 1 else coalesced(events)

    def _put_text(self, event: TextDelta | ThinkingDelta) -> None:
        self.n_generated += event.n_tokens
        self._unread.append(event)
        self._unread_bytes += _size(event)
        if self._unread_bytes > self._max_unread_bytes:
            self._on_overflow()
            self.fail(RequestCancelled("client too slow"))
        elif len(self._unread) - self._folded >= _FOLD_EVERY:
            # A pile of one-token events costs some hundred bytes each; folded it costs its text.
            self._unread[self._folded :] = coalesced(self._unread[self._folded :])
            self._folded = len(self._unread)

    def _end(self, event: Event | None) -> None:
        self.ended = True
        self._on_end(event)

    async def _woken(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def coalesced(events: list[Event]) -> list[Event]:
    """The same events with each run of text joined into one, and each run of thinking."""
    joined: list[Event] = []
    run: list[Event] = []
    for event in events:
        if run and type(event) is not type(run[0]):
            joined.append(_joined(run))
            run = []
        if isinstance(event, TextDelta | ThinkingDelta):
            run.append(event)
        else:
            joined.append(event)
    if run:
        joined.append(_joined(run))
    return joined


def _joined(run: list[Event]) -> Event:
    if len(run) == 1:
        return run[0]
    deltas = cast(list[TextDelta], run)
    text = "".join([delta.text for delta in deltas])
    n_tokens = sum([delta.n_tokens for delta in deltas])
    if isinstance(run[0], ThinkingDelta):
        return ThinkingDelta(text, n_tokens)
    return TextDelta(text, n_tokens, tuple([one for delta in deltas for one in delta.logprobs]))


def _size(event: TextDelta | ThinkingDelta) -> int:
    text = event.text
    size = len(text) if text.isascii() else len(text.encode())
    if isinstance(event, TextDelta) and event.logprobs:
        size += sum(64 * (1 + len(one.top)) for one in event.logprobs)
    return size
