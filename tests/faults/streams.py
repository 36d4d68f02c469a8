"""Streaming requests on bare sockets: opened, read a little, left, or never read."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import orjson

from tests.live import LiveServer


@dataclass
class OpenStream:
    """An answer whose status line and headers have been read."""

    status: int
    headers: dict[str, str]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def line(self, *, within: float = 30) -> bytes:
        """The next line of the body that has JSON in it, without its framing; empty at the end."""
        while True:
            line = await asyncio.wait_for(self.reader.readline(), within)
            if not line:
                return b""
            content = line.strip().removeprefix(b"data: ")
            if content[:1] == b"{" or content == b"[DONE]":
                return content

    async def lines(self, *, within: float = 60) -> list[bytes]:
        """All that is left of them."""
        found: list[bytes] = []
        while line := await self.line(within=within):
            found.append(line)
        return found

    def leave(self) -> None:
        self.writer.transport.abort()


async def post(server: LiveServer, path: str, *, limit: int = 65536, **fields: Any) -> OpenStream:
    body = orjson.dumps({"model": "tiny", "stream": True} | fields)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=limit)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    try:
        raw = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    except BaseException:
        writer.transport.abort()
        raise
    status, *lines = raw.decode("latin1").rstrip().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return OpenStream(int(status.split()[1]), headers, reader, writer)


async def generate(server: LiveServer, prompt: str = "hi", **fields: Any) -> OpenStream:
    return await post(server, "/api/generate", prompt=prompt, raw=True, **fields)
