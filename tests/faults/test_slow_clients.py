"""S33: clients that never finish a request's head."""

from __future__ import annotations

import time

import httpx2
import pytest

from tests.live import LiveServer
from tests.raw_http import connect, exchange, read_to_end

pytestmark = pytest.mark.slow


def test_half_sent_heads_are_closed_and_disturb_nobody(shared_server: LiveServer) -> None:
    """500 of them; the fixture's server gives a head 2 s."""
    connections = [connect(shared_server, timeout=30) for _ in range(500)]
    for connection in connections:
        connection.sendall(b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    times = []
    with httpx2.Client(base_url=shared_server.url) as client:
        for _ in range(50):
            began = time.monotonic()
            assert client.get("/health").status_code == 200
            times.append(time.monotonic() - began)
    answers = [read_to_end(connection) for connection in connections]
    for connection in connections:
        connection.close()
    assert all(answer.startswith(b"HTTP/1.1 408") for answer in answers)
    assert sorted(times)[int(len(times) * 0.99) - 1] < 0.5


def test_a_head_that_trickles_is_closed_too(shared_server: LiveServer) -> None:
    with connect(shared_server) as connection:
        began = time.monotonic()
        closed = False
        while not closed and time.monotonic() - began < 15:
            try:
                connection.sendall(b"G" if time.monotonic() - began < 0.1 else b"E")
                time.sleep(0.2)
            except OSError:
                closed = True
    assert closed


def test_an_idle_connection_between_two_requests_is_no_slow_head(shared_server: LiveServer) -> None:
    with httpx2.Client(base_url=shared_server.url) as client:
        assert client.get("/health").status_code == 200
        time.sleep(3)
        assert client.get("/health").status_code == 200


@pytest.mark.parametrize(
    "head",
    [
        b"\x16\x03\x01\x02\x00",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_malformed_http_is_a_client_error(shared_server: LiveServer, head: bytes) -> None:
    answer = exchange(shared_server, head)
    assert answer.status == 0 or 400 <= answer.status < 500
    assert shared_server.health()["status"] == "ok"
