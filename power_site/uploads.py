"""The body of an upload, piece by piece as it arrives: never whole in memory, never in a temporary file of Django's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from django.core.exceptions import RequestAborted
from django.http import HttpRequest

from power_site.gate.asgi_types import Receive

UPLOAD = "power.upload"  # the key of the scope under which the handler leaves an UploadBody


class UploadBody:
    """Wraps the gate's ``receive``. On the event loop; it reads only as fast as its pieces are taken."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.complete = False

    async def pieces(self, n_bytes: int) -> AsyncIterator[bytes]:
        """Pieces of at least ``n_bytes``, the last may be shorter. Raises RequestAborted, and the gate's Refusal."""
        parts: list[bytes] = []
        n_parts = 0
        while not self.complete:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise RequestAborted
            self.complete = not message.get("more_body", False)
            parts.append(message.get("body", b""))
            n_parts += len(parts[-1])
            if n_parts >= n_bytes or (self.complete and n_parts):
                yield b"".join(parts)
                parts, n_parts = [], 0

    def must_close(self, headers: Iterable[tuple[bytes, bytes]], status: int) -> bool:
        """Whether the connection can't go on after this answer, given before the body's end.

        A client that asked first (``Expect: 100-continue``) will not send the body we declined, and what it sends next
        would be taken for it. After an error the rest may be gigabytes for nothing. After a success it is read and
        dropped: most clients look at the answer only once they have sent all, and a reset would lose it.
        """
        if self.complete:
            return False
        return status >= 400 or any(name == b"expect" for name, _ in headers)


async def upload_pieces(request: HttpRequest, n_bytes: int) -> AsyncIterator[bytes]:
    """The request's body in pieces of about ``n_bytes``. Under a handler that isn't ours Django has read it already."""
    upload = getattr(request, "scope", {}).get(UPLOAD)
    if upload is None:
        while piece := request.read(n_bytes):
            yield piece
        return
    async for piece in upload.pieces(n_bytes):
        yield piece
