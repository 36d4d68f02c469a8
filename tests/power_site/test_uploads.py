"""The pieces of an upload."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import RequestAborted
from django.test import RequestFactory

from power_site.uploads import UploadBody, upload_pieces


def upload(*messages: dict[str, Any]) -> UploadBody:
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    return UploadBody(receive)


def chunk(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_small_chunks_are_gathered_and_nothing_is_read_after_the_end() -> None:
    body = upload(chunk(b"ab"), chunk(b"cd"), chunk(b"ef"), chunk(b"", more=False))
    assert [piece async for piece in body.pieces(3)] == [b"abcd", b"ef"]
    assert body.complete


async def test_an_empty_body_has_no_piece() -> None:
    body = upload(chunk(b"", more=False))
    assert [piece async for piece in body.pieces(3)] == []


async def test_a_client_that_leaves_is_no_end_of_the_body() -> None:
    body = upload(chunk(b"abc"), {"type": "http.disconnect"})
    with pytest.raises(RequestAborted):
        _ = [piece async for piece in body.pieces(2)]
    assert not body.complete


async def test_under_another_handler_the_body_is_taken_from_the_request() -> None:
    request = RequestFactory().post("/", data=b"abcde", content_type="application/octet-stream")
    assert [piece async for piece in upload_pieces(request, 2)] == [b"ab", b"cd", b"e"]


@pytest.mark.parametrize(
    ("status", "headers", "closes"),
    [(200, [], False), (507, [], True), (200, [(b"expect", b"100-continue")], True)],
)
def test_an_early_answer_closes_where_the_rest_is_unwanted_or_will_not_come(
    status: int, headers: list[tuple[bytes, bytes]], closes: bool
) -> None:
    assert upload().must_close(headers, status) is closes


async def test_an_answer_after_the_whole_body_never_closes() -> None:
    body = upload(chunk(b"a", more=False))
    _ = [piece async for piece in body.pieces(2)]
    assert not body.must_close([(b"expect", b"100-continue")], 400)
