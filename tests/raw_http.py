"""HTTP byte by byte, for requests that no client would send."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass

from tests.live import LiveServer


@dataclass(frozen=True)
class RawAnswer:
    """``status`` 0: the server closed the connection without a word."""

    status: int
    head: bytes
    body: bytes
    seconds: float


def connect(server: LiveServer, *, timeout: float = 20) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=timeout)


def exchange(server: LiveServer, *pieces: bytes, timeout: float = 20) -> RawAnswer:
    """Sends what it can of ``pieces`` and reads until the server closes (ask it to: ``Connection: close``)."""
    with connect(server, timeout=timeout) as connection:
        began = time.monotonic()
        send_all(connection, pieces)
        data = read_to_end(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/") else 0
    return RawAnswer(status, head, body, time.monotonic() - began)


def send_all(connection: socket.socket, pieces: Iterable[bytes]) -> int:
    """The bytes sent before the server closed its end."""
    sent = 0
    for piece in pieces:
        try:
            connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            break
        sent += len(piece)
    return sent


def read_to_end(connection: socket.socket) -> bytes:
    parts = []
    while True:
        try:
            part = connection.recv(65536)
        except ConnectionResetError:
            part = b""
        if not part:
            return b"".join(parts)
        parts.append(part)


def request(method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    """A request with exactly these headers, ``Connection: close``, and a length where there is a body."""
    lines = [f"{method} {target} HTTP/1.1", *headers, "Connection: close"]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin1") + body
