"""An HTTP server on loopback that serves bytes well or badly, as each test scripts it."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Rogue:
    """``answers`` are used up one by one, then ``answer`` serves the rest. ``requests`` are those that came."""

    data: bytes = field(default=b"", repr=False)
    etag: str = '"v1"'
    answers: list[Callable[[Request], None]] = field(default_factory=list)
    answer: Callable[[Request], None] = field(default_factory=lambda: serve)
    requests: list[Request] = field(default_factory=list, repr=False)
    url: str = ""

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    rogue: Rogue

    def do_GET(self) -> None:
        self.rogue.requests.append(self)
        self.close_connection = True
        answers = self.rogue.answers
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            (answers.pop(0) if answers else self.rogue.answer)(self)

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silence: requests are recorded."""

    def head(self, status: int, **headers: str | int) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.send_header("Connection", "close")
        self.end_headers()

    @property
    def offset(self) -> int | None:
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(found.group(1)) if found else None


def serve(request: Request, *, n_bytes: int | None = None) -> None:
    """An honest answer, cut off after ``n_bytes`` of its body."""
    rogue = request.rogue
    offset, size = request.offset, len(rogue.data)
    same = request.headers.get("If-Range", rogue.etag) == rogue.etag
    if offset is not None and offset >= size:
        request.head(416, Content_Range=f"bytes */{size}", Content_Length=0)
        return
    if offset is not None and same:
        content_range = f"bytes {offset}-{size - 1}/{size}"
        request.head(206, Content_Length=size - offset, Content_Range=content_range, ETag=rogue.etag)
    else:
        offset = 0
        request.head(200, Content_Length=size, ETag=rogue.etag)
    if request.command == "GET":
        request.wfile.write(rogue.data[offset:][:n_bytes])


def serve_cut(n_bytes: int) -> Callable[[Request], None]:
    return lambda request: serve(request, n_bytes=n_bytes)


def serve_whole(request: Request) -> None:
    """Knows no ranges."""
    request.head(200, Content_Length=len(request.rogue.data))
    request.wfile.write(request.rogue.data)


def status(code: int, **headers: str | int) -> Callable[[Request], None]:
    return lambda request: request.head(code, Content_Length=0, **headers)


def redirect(url: str, **headers: str) -> Callable[[Request], None]:
    return status(302, Location=url, **headers)


@contextlib.contextmanager
def rogue_server(data: bytes = b"") -> Iterator[Rogue]:
    rogue = Rogue(data=data)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Request,), {"rogue": rogue}))
    rogue.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield rogue
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
