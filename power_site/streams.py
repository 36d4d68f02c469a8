"""Streamed answers: always closed, never silent after an error, and never quiet for so long that a proxy hangs up.

Everything runs on the loop's thread but ``close``, which any thread may call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Generic, Protocol, TypeVar

from django.http import StreamingHttpResponse

from power_site.conf import config

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)
S = TypeVar("S", bound="Source[Any]")

# Proxies would otherwise hold an answer back until it is whole.
STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
# A comment to whoever reads server-sent events: nothing to do, but the connection lives.
SSE_COMMENT = b": waiting\n\n"


class Source(Protocol[T_co]):
    """What a stream is made from: a stream of the pool's, or several merged."""

    async def __anext__(self) -> T_co: ...
    def close(self) -> None: ...


class Encoder(Protocol[T_contra]):
    """Events to bytes of one wire; one per response, so it may keep state."""

    def encode(self, item: T_contra, /) -> bytes: ...
    def fail(self, error: Exception, /) -> bytes: ...
    def finish(self) -> bytes: ...


class StreamBody(Generic[T]):
    """The body of a streamed answer: an iterator object and not a generator.

    Django runs no generator's ``finally`` when the client vanishes while headers are written or while ``send()``
    blocks, but it always calls ``close()`` of what it was given, in a thread of its choice. After the first byte an
    error is the last piece of the body, never silence.
    """

    def __init__(self, source: Source[T], encoder: Encoder[T]) -> None:
        self._source = source
        self._encoder = encoder
        self._ended = False

    def __aiter__(self) -> StreamBody[T]:
        return self

    async def __anext__(self) -> bytes:
        chunk = b""
        while not chunk:
            if self._ended:
                raise StopAsyncIteration
            chunk = await self._next_chunk()
        return chunk

    def close(self) -> None:
        self._ended = True
        self._source.close()

    def __del__(self) -> None:
        # A request cancelled between the view's return and the response's first byte: nobody else knows of the stream.
        self.close()

    async def _next_chunk(self) -> bytes:
        try:
            return self._encoder.encode(await self._source.__anext__())
        except StopAsyncIteration:
            self._ended = True
            return self._encoder.finish()
        except Exception as error:  # noqa: BLE001 - the wire's table says what of it a client may see
            self.close()
            return self._encoder.fail(error)


def stream_response(
    source: Source[T], encoder: Encoder[T], *, content_type: str, headers: Mapping[str, str] | None = None
) -> StreamingHttpResponse:
    """A streamed 200. The caller has awaited the first event, so that what fails before it is a status of its own."""
    return StreamingHttpResponse(
        StreamBody(source, encoder), content_type=content_type, headers={**STREAM_HEADERS, **(headers or {})}
    )


class PatientSource(Generic[S, T]):
    """A source that is still being opened. Until its first item each ``seconds`` of waiting give None."""

    def __init__(self, opening: Coroutine[Any, Any, S], *, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._opening = asyncio.create_task(opening)
        self._first: asyncio.Task[list[T]] | None = None
        self._begun = False
        self._closed = False
        self._opening.add_done_callback(self._tidy)

    async def opened(self) -> S | None:
        """What was opened within ``seconds``, or None. Raises what the opening has failed with by then."""
        try:
            await asyncio.wait({self._opening}, timeout=self._seconds)
        except asyncio.CancelledError:
            self.close()
            raise
        return self._opening.result() if self._opening.done() else None

    def __aiter__(self) -> PatientSource[S, T]:
        return self

    async def __anext__(self) -> T | None:
        if self._begun:
            return await self._opening.result().__anext__()  # type: ignore[no-any-return]
        if self._first is None:
            self._first = asyncio.create_task(self._first_item())
        await asyncio.wait({self._first}, timeout=self._seconds)
        if not self._first.done():
            return None
        self._begun = True
        items = self._first.result()
        if not items:
            raise StopAsyncIteration
        return items[0]

    async def _first_item(self) -> list[T]:
        """In a list, empty at the end: StopAsyncIteration can't leave a task."""
        source = await self._opening
        try:
            return [await source.__anext__()]
        except StopAsyncIteration:
            return []

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        self._opening.cancel()
        if self._first is not None:
            self._first.cancel()
        self._tidy(self._opening)

    def _tidy(self, opening: asyncio.Task[S]) -> None:
        """What was opened after everybody left is closed; an error nobody waits for is not logged."""
        if opening.done() and not opening.cancelled() and opening.exception() is None and self._closed:
            opening.result().close()


class _Patient(Generic[T]):
    """An encoder that knows what to say while there is nothing to say."""

    def __init__(self, encoder: Encoder[T], heartbeat: bytes) -> None:
        self._encoder = encoder
        self._heartbeat = heartbeat
        self.fail = encoder.fail
        self.finish = encoder.finish

    def encode(self, item: T | None) -> bytes:
        return self._heartbeat if item is None else self._encoder.encode(item)


async def stream_when_ready(
    opening: Coroutine[Any, Any, S],
    encoder: Encoder[Any],
    *,
    content_type: str,
    headers: Callable[[S], Mapping[str, str]] | None = None,
    heartbeat: bytes = SSE_COMMENT,
) -> StreamingHttpResponse:
    """A streamed answer from a source that may take long to open (a queue, a model that loads, a long prompt).

    What fails within the setting ``heartbeat_interval`` raises, and so has a status of its own. After that the answer
    begins with ``heartbeat`` every so often, an error is its last event, and ``headers`` come too late.
    """
    source: PatientSource[S, Any] = PatientSource(opening, seconds=config().heartbeat_interval)
    ready = await source.opened()
    shown = headers(ready) if ready is not None and headers is not None else {}
    return stream_response(source, _Patient(encoder, heartbeat), content_type=content_type, headers=shown)
