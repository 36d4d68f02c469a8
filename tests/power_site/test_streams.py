"""power_site.streams: streams that are closed however they end, and that say something while they wait."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from django.http import StreamingHttpResponse

from power_site import streams
from power_site.conf import config
from power_site.streams import StreamBody, stream_response, stream_when_ready


class ListSource:
    """Gives its items, then raises ``error`` if there is one."""

    def __init__(self, *items: bytes, error: Exception | None = None) -> None:
        self.items = list(items)
        self.error = error
        self.n_closed = 0

    async def __anext__(self) -> bytes:
        if self.items:
            return self.items.pop(0)
        raise self.error or StopAsyncIteration

    def close(self) -> None:
        self.n_closed += 1


class PlainEncoder:
    def encode(self, item: bytes) -> bytes:
        return item

    def fail(self, error: Exception) -> bytes:
        return f"failed: {error}".encode()

    def finish(self) -> bytes:
        return b"end"


async def test_a_stream_ends_with_what_the_encoder_adds() -> None:
    body = StreamBody(ListSource(b"a", b"b"), PlainEncoder())
    assert [chunk async for chunk in body] == [b"a", b"b", b"end"]


async def test_an_empty_piece_is_not_written() -> None:
    assert [chunk async for chunk in StreamBody(ListSource(b"", b"a", b""), PlainEncoder())] == [b"a", b"end"]


async def test_an_error_after_the_first_byte_is_the_last_piece_and_closes_the_source() -> None:
    source = ListSource(b"a", error=RuntimeError("broken"))
    assert [chunk async for chunk in StreamBody(source, PlainEncoder())] == [b"a", b"failed: broken"]
    assert source.n_closed >= 1


async def test_a_closed_stream_gives_nothing_more() -> None:
    body = StreamBody(ListSource(b"a", b"b"), PlainEncoder())
    assert await anext(body) == b"a"
    body.close()
    body.close()
    assert [chunk async for chunk in body] == []


async def test_closing_the_response_closes_the_source_even_if_it_was_never_read() -> None:
    source = ListSource(b"a")
    response = stream_response(source, PlainEncoder(), content_type="text/plain")
    await asyncio.to_thread(response.close)
    assert source.n_closed >= 1


async def test_a_stream_that_nobody_took_is_closed_with_its_last_reference() -> None:
    source = ListSource(b"a")
    stream_response(source, PlainEncoder(), content_type="text/plain")
    gc.collect()
    assert source.n_closed >= 1


async def test_proxies_are_told_not_to_buffer() -> None:
    response = stream_response(ListSource(), PlainEncoder(), content_type="text/plain", headers={"X-Other": "1"})
    assert (response["Cache-Control"], response["X-Accel-Buffering"], response["X-Other"]) == ("no-cache", "no", "1")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    short = dataclasses.replace(config(), heartbeat_interval=0.02)
    monkeypatch.setattr(streams, "config", lambda: short)


async def opened(source: ListSource, *, seconds: float = 0.0) -> ListSource:
    await asyncio.sleep(seconds)
    return source


async def pieces(response: StreamingHttpResponse) -> list[bytes]:
    return [piece async for piece in cast("AsyncIterator[bytes]", response.streaming_content)]


async def ready(source: ListSource, *, seconds: float = 0.0) -> StreamingHttpResponse:
    def headers(source: ListSource) -> dict[str, str]:
        return {"X-Other": "1"}

    return await stream_when_ready(
        opened(source, seconds=seconds), PlainEncoder(), content_type="text/plain", headers=headers, heartbeat=b":"
    )


async def test_a_source_that_opens_at_once_streams_without_a_heartbeat() -> None:
    response = await ready(ListSource(b"a", b"b"))
    assert response["X-Other"] == "1"
    assert await pieces(response) == [b"a", b"b", b"end"]


@pytest.mark.usefixtures("quick")
async def test_one_that_takes_long_begins_with_heartbeats() -> None:
    response = await ready(ListSource(b"a"), seconds=0.2)
    assert "X-Other" not in response
    first, *others = await pieces(response)
    assert first == b":"
    assert others[-2:] == [b"a", b"end"]


async def failing(error: Exception, *, seconds: float = 0.0) -> ListSource:
    await asyncio.sleep(seconds)
    raise error


async def test_what_fails_at_once_is_raised() -> None:
    with pytest.raises(RuntimeError, match="broken"):
        await stream_when_ready(failing(RuntimeError("broken")), PlainEncoder(), content_type="text/plain")


@pytest.mark.usefixtures("quick")
async def test_what_fails_later_is_the_last_piece() -> None:
    opening: Any = failing(RuntimeError("broken"), seconds=0.2)
    response = await stream_when_ready(opening, PlainEncoder(), content_type="text/plain")
    assert (await pieces(response))[-1] == b"failed: broken"


@pytest.mark.usefixtures("quick")
async def test_who_leaves_while_it_waits_takes_the_opening_along() -> None:
    source = ListSource(b"a")
    response = await ready(source, seconds=0.2)
    await asyncio.to_thread(response.close)
    await asyncio.sleep(0.3)
    assert source.items == [b"a"]


@pytest.mark.usefixtures("quick")
async def test_a_source_that_opened_is_closed_with_the_response() -> None:
    source = ListSource(b"a")
    response = await ready(source)
    await asyncio.to_thread(response.close)
    await asyncio.sleep(0.05)
    assert source.n_closed >= 1
