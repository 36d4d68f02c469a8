"""How much of a body is read, and how long we wait for it. Bodies stay in memory, but for uploads: those stream."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from power_site.gate.asgi_types import Message, Receive
from power_site.gate.refusal import Refusal

# Requests that may carry images as base64.
_MEDIA_PATHS = frozenset(
    {
        "/api/generate",
        "/api/chat",
        "/api/embed",
        "/tokenize",
        "/v1/tokenize",
        "/v1/chat/completions",
        "/v1/responses",
        "/v1/responses/input_tokens",
        "/v1/messages",
        "/v1/messages/count_tokens",
        "/v1/audio/transcriptions",
    }
)
# Exactly what the route of a blob matches: no other path may have a body without a bound.
_UPLOAD_PATH = re.compile(r"/api/blobs/[^/]+")
UPLOAD_LIMIT_BYTES = 2**63 - 1
IDLE_BODY_SECONDS = 30.0


def is_upload(method: str, path: str) -> bool:
    """Whether the body is a file: the handler never collects it, the view streams it, the disk's space bounds it."""
    return method == "POST" and _UPLOAD_PATH.fullmatch(path) is not None


def body_limit(method: str, path: str, *, plain: int, media: int) -> int:
    """In bytes."""
    if is_upload(method, path):
        return UPLOAD_LIMIT_BYTES
    return media if path in _MEDIA_PATHS else plain


def check_length(headers: Mapping[bytes, bytes], limit: int) -> None:
    """Refuses by Content-Length alone, before a byte of the body is read. Raises Refusal."""
    declared = headers.get(b"content-length")
    if declared is None:
        return
    if not declared.isdigit():
        raise Refusal(400, "the Content-Length header is not valid", closes=True)
    if len(declared) > 19 or int(declared) > limit:
        raise _too_large(limit)


class BoundedBody:
    """An ASGI ``receive`` that counts: a chunked body has no length to refuse it by."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._read = 0
        self._complete = False

    async def __call__(self) -> Message:
        if self._complete:
            return await self._receive()  # only a disconnect can follow
        try:
            async with asyncio.timeout(IDLE_BODY_SECONDS):
                message = await self._receive()
        except TimeoutError:
            raise Refusal(408, "the request's body did not arrive", closes=True) from None
        self._count(message)
        return message

    def _count(self, message: Message) -> None:
        self._complete = message["type"] != "http.request" or not message.get("more_body", False)
        self._read += len(message.get("body", b""))
        if self._read > self._limit:
            raise _too_large(self._limit)


def _too_large(limit: int) -> Refusal:
    return Refusal(413, f"request body too large: the limit is {limit} bytes", closes=True)
