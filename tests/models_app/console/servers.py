"""A small HTTP server on loopback that answers as a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from models_app.console.client import Client


@dataclass
class Answer:
    """``lines`` go out one by one, each flushed; ``then`` runs on the handler after them."""

    lines: list[Any] = field(default_factory=list)
    status: int = 200
    then: Callable[[BaseHTTPRequestHandler], None] = lambda handler: None


@dataclass
class Recorded:
    client: Client
    requests: list[tuple[str, str, Any]]


@contextmanager
def serving(answers: dict[str, Answer]) -> Iterator[Recorded]:
    """``answers`` by path; any other path is 404."""
    requests: list[tuple[str, str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            requests.append((self.command, self.path, json.loads(body) if body else None))
            answer = answers.get(self.path, Answer([{"error": "no such path"}], 404))
            self.send_response(answer.status)
            self.end_headers()
            for line in answer.lines:
                self.wfile.write(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
                self.wfile.flush()
            answer.then(self)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Recorded(Client("127.0.0.1", server.server_port), requests)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
