"""S31 and S34: bodies without end, half-sent bodies, and JSON made to hurt; against a real server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.live import LiveServer
from tests.raw_http import connect, exchange, read_to_end, request, send_all

pytestmark = pytest.mark.slow

MIB = 2**20
HOST = "Host: localhost"
ROUTES = ["/api/chat", "/api/generate", "/api/show", "/v1/chat/completions", "/v1/completions"]


@pytest.fixture(autouse=True)
def nothing_is_stored(shared_server: LiveServer) -> Iterator[None]:
    """No body leaves a file behind, in the home or in the folder for temporary files."""
    before = files(shared_server.home)
    yield
    assert files(shared_server.temporary) == set()
    assert files(shared_server.home) == before
    assert shared_server.health()["status"] == "ok"


def files(folder: Path) -> set[Path]:
    """SQLite's own companions come and go with a connection."""
    return {path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm"))}


@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions", "/admin/login/", "/nowhere"])
def test_a_length_beyond_the_limit_is_refused_before_the_body(shared_server: LiveServer, path: str) -> None:
    answer = exchange(shared_server, request("POST", path, HOST, f"Content-Length: {10**12}"))
    assert answer.status == 413
    assert b"too large" in answer.body
    assert answer.seconds < 2


def test_an_endless_chunked_body_is_cut_at_the_limit(shared_server: LiveServer) -> None:
    limit, size = 64 * MIB, MIB
    piece = b"%x\r\n" % size + b" " * size + b"\r\n"
    with connect(shared_server, timeout=60) as connection:
        connection.sendall(request("POST", "/api/chat", HOST, "Transfer-Encoding: chunked"))
        sent = send_all(connection, (piece for _ in range(1024)))
        answer = read_to_end(connection)
    assert sent < limit + 16 * MIB
    # The reset of a connection that was still sending may overtake the answer.
    assert answer.startswith(b"HTTP/1.1 413") or not answer
    assert "status=413" in shared_server.log()


def test_a_refused_host_sends_its_body_for_nothing(shared_server: LiveServer) -> None:
    answer = exchange(shared_server, request("POST", "/api/chat", "Host: evil.example", body=b"x" * MIB))
    assert answer.status == 403


def test_half_sent_bodies_leave_nothing(shared_server: LiveServer) -> None:
    threads = shared_server.n_threads()
    connections = [connect(shared_server) for _ in range(50)]
    for connection in connections:
        connection.sendall(request("POST", "/api/chat", HOST, f"Content-Length: {MIB}") + b"x" * (MIB // 2))
    assert shared_server.health()["status"] == "ok"
    for connection in connections:
        connection.close()
    time.sleep(0.5)
    assert shared_server.n_threads() <= threads + 4


def deep(depth: int) -> bytes:
    return b'{"model":"tiny","x":' + b"[" * depth + b"]" * depth + b"}"


BAD_JSON = {
    "nothing": b"",
    "blank": b"  \n",
    "cut": b'{"model": "tiny"',
    "depth 100 000": deep(100_000),
    "a lone surrogate": b'{"model": "\\ud800"}',
    "invalid UTF-8": b'{"model": "\xff\xfe"}',
    "UTF-16": '{"model": "tiny"}'.encode("utf-16"),
    "a BOM": b'\xef\xbb\xbf{"model": "tiny"}',
    "an array": b"[1, 2]",
    "a number": b"1",
    "a string": b'"tiny"',
    "null": b"null",
    "NaN": b'{"model": "tiny", "options": {"temperature": NaN}}',
    "infinity": b'{"model": "tiny", "options": {"temperature": 1e999}}',
    "two objects": b"{}{}",
    "NUL": b"\x00",
    "a form": b"model=tiny&prompt=x",
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("body", BAD_JSON.values(), ids=BAD_JSON.keys())
def test_bad_json_is_refused_at_once_in_the_wires_shape(shared_server: LiveServer, route: str, body: bytes) -> None:
    began = time.monotonic()
    answer = httpx2.post(f"{shared_server.url}{route}", content=body)
    assert answer.status_code == 400
    assert time.monotonic() - began < 2
    error = answer.json()["error"]
    assert isinstance(error["message"] if route.startswith("/v1") else error, str)
    assert str(shared_server.home) not in answer.text


@pytest.mark.parametrize("route", ROUTES)
def test_a_million_keys_hold_nobody_up(shared_server: LiveServer, route: str) -> None:
    body = b"{" + b",".join(b'"k%d":1' % number for number in range(1_000_000)) + b"}"
    answer = httpx2.post(f"{shared_server.url}{route}", content=body, timeout=30)
    assert answer.status_code in {400, 404, 413}


def test_a_repeated_key_is_not_our_error(shared_server: LiveServer) -> None:
    body = b'{"model": "nope", "model": "none", "messages": []}'
    assert httpx2.post(f"{shared_server.url}/api/chat", content=body).status_code in {400, 404}
