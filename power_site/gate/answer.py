"""An ASGI ``send`` that adds our headers to an answer and remembers what went out."""

from __future__ import annotations

from power_site.gate.asgi_types import Message, Send


class Answer:
    """``status`` is 0 until the answer has begun; ``complete`` once its last byte was handed to the server."""

    def __init__(self, send: Send, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        self._send = send
        self.headers = headers
        self.status = 0
        self.n_bytes = 0
        self.complete = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = {name for name, _ in self.headers}
            theirs = [pair for pair in message.get("headers", ()) if bytes(pair[0]).lower() not in own]
            message["headers"] = [*theirs, *self.headers]
        else:
            self.n_bytes += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
        await self._send(message)

    async def whole(self, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        """An answer in one piece; JSON where it has a body."""
        kind = ((b"content-type", b"application/json; charset=utf-8"),) if body else ()
        length = ((b"content-length", str(len(body)).encode()),) if status != 204 else ()
        await self({"type": "http.response.start", "status": status, "headers": [*kind, *length, *headers]})
        await self({"type": "http.response.body", "body": body})
