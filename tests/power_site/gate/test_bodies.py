"""How much of a body is read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from power_site.gate import bodies
from power_site.gate.bodies import UPLOAD_LIMIT_BYTES, BoundedBody, body_limit, check_length, is_upload
from power_site.gate.refusal import Refusal


def receiving(*messages: dict[str, Any]) -> Any:
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    return receive


def chunk(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.mark.parametrize(
    ("length", "status"),
    [
        (b"11", 413),
        (b"1" * 40, 413),
        (b"-1", 400),
        (b"1e3", 400),
        (b"", 400),
    ],
)
def test_a_length_beyond_the_limit_or_no_number_is_refused_unread(length: bytes, status: int) -> None:
    with pytest.raises(Refusal) as caught:
        check_length({b"content-length": length}, 10)
    assert (caught.value.status, caught.value.closes) == (status, True)


def test_a_length_within_the_limit_or_none_passes() -> None:
    check_length({b"content-length": b"10"}, 10)
    check_length({}, 10)


async def test_a_body_without_a_length_is_counted_and_cut_at_the_limit() -> None:
    receive = BoundedBody(receiving(chunk(b"12345"), chunk(b"12345"), chunk(b"1")), 10)
    assert (await receive())["body"] == b"12345"
    assert (await receive())["body"] == b"12345"
    with pytest.raises(Refusal) as caught:
        await receive()
    assert caught.value.status == 413


async def test_a_body_that_stops_coming_ends_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "IDLE_BODY_SECONDS", 0.01)
    receive = BoundedBody(receiving(chunk(b"1")), 10)
    await receive()
    with pytest.raises(Refusal) as caught:
        await receive()
    assert caught.value.status == 408


async def test_after_the_body_a_disconnect_is_awaited_without_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "IDLE_BODY_SECONDS", 0.01)
    receive = BoundedBody(receiving(chunk(b"1", more=False)), 10)
    await receive()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await receive()


def test_requests_that_may_carry_images_may_be_larger() -> None:
    assert body_limit("POST", "/api/chat", plain=1, media=4) == 4
    assert body_limit("POST", "/api/delete", plain=1, media=4) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/blobs/sha256:0"),
        ("GET", "/api/blobs/sha256:0"),
        ("POST", "/api/blobs/"),
        ("POST", "/api/blobs/a/b"),
        ("POST", "/api/blobs/a/"),
        ("POST", "//api/blobs/a"),
        ("POST", "/API/blobs/a"),
    ],
)
def test_only_the_upload_of_a_blob_has_no_limit_but_the_disk(method: str, path: str) -> None:
    assert body_limit("POST", "/api/blobs/sha256:0", plain=1, media=4) == UPLOAD_LIMIT_BYTES
    assert not is_upload(method, path)
    assert body_limit(method, path, plain=1, media=4) == 1
