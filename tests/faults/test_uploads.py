"""Blobs over real connections: memory that stays flat, clients and servers that go in the midst, early answers."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.conftest import StartServer
from tests.faults.processes import wait_for
from tests.live import LiveServer
from tests.raw_http import connect, exchange, request

pytestmark = pytest.mark.slow

MIB = 2**20
HOST = "Host: localhost"
N_PIECES = 192
PIECE = bytes(range(256)) * 4096
NOBODY = f"/api/blobs/sha256:{'0' * 64}"


@pytest.fixture
def server(start_server: StartServer) -> LiveServer:
    return start_server(min_free_bytes=0)


def pieces() -> Iterator[bytes]:
    for number in range(N_PIECES):
        yield number.to_bytes(4, "big") + PIECE[4:]


@pytest.fixture(scope="module")
def url() -> str:
    running = hashlib.sha256()
    for piece in pieces():
        running.update(piece)
    return f"/api/blobs/sha256:{running.hexdigest()}"


def stored(server: LiveServer) -> list[str]:
    folder = server.home / "models" / "blobs"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def peak_bytes(server: LiveServer) -> int:
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def n_open(server: LiveServer, name: str) -> int:
    """How often the server has the file open."""
    links = []
    for descriptor in Path(f"/proc/{server.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            links.append(descriptor.readlink().name)
    return links.count(name)


def begin(server: LiveServer) -> socket.socket:
    """An upload that has sent the first of its four MiB, and of which something is on the disk."""
    connection = connect(server)
    connection.sendall(request("POST", NOBODY, HOST, f"Content-Length: {4 * MIB}") + b"x" * (2 * MIB))
    assert wait_for(lambda: len(stored(server)) == 1, seconds=20)
    return connection


def test_neither_an_upload_nor_a_download_is_held_in_memory(server: LiveServer, url: str) -> None:
    before = peak_bytes(server)
    with httpx2.Client(base_url=server.url, timeout=120) as client:
        assert client.post(url, content=pieces()).status_code == 201
        expected = pieces()
        with client.stream("GET", url) as answer:
            assert all(piece == next(expected) for piece in answer.iter_bytes(len(PIECE)))
        assert next(expected, None) is None
        assert client.post(url, content=pieces()).status_code == 200
        # The connection goes on: what came after the early answer was read and dropped.
        assert client.get("/api/version").status_code == 200
    assert peak_bytes(server) - before < 32 * MIB
    assert len(stored(server)) == 1


def test_a_client_that_leaves_in_the_midst_leaves_nothing(server: LiveServer) -> None:
    begin(server).close()
    assert wait_for(lambda: stored(server) == [], seconds=20)
    assert "status=499" in server.log()
    assert server.health()["status"] == "ok"


def test_a_server_that_is_stopped_in_the_midst_leaves_nothing(start_server: StartServer) -> None:
    server = start_server(min_free_bytes=0, drain_seconds=1)
    with begin(server):
        began = time.monotonic()
        server.terminate()
        assert time.monotonic() - began < 30
    assert stored(server) == []


def test_a_download_that_is_left_in_the_midst_closes_its_file(server: LiveServer, url: str) -> None:
    assert httpx2.post(server.url + url, content=pieces(), timeout=120).status_code == 201
    (name,) = stored(server)
    connections = [connect(server) for _ in range(5)]
    for connection in connections:
        connection.sendall(request("GET", url, HOST))
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    assert n_open(server, name) == 5
    for connection in connections:
        connection.close()
    assert wait_for(lambda: n_open(server, name) == 0, seconds=20)


def test_who_asks_before_sending_need_not_send_what_is_there_or_does_not_fit(server: LiveServer) -> None:
    data = b"some bytes"
    there = f"/api/blobs/sha256:{hashlib.sha256(data).hexdigest()}"
    assert httpx2.post(server.url + there, content=data).status_code == 201
    for path, length, status in ((there, 1000, 200), (NOBODY, 10**18, 507), ("/api/blobs/sha256:0", 9, 400)):
        head = request("POST", path, HOST, "Expect: 100-continue", f"Content-Length: {length}")
        # Without asking for it: the server must end the connection by itself.
        answer = exchange(server, head.replace(b"Connection: close\r\n", b""))
        assert answer.status == status
        assert b"connection: close" in answer.head.lower()
        assert answer.seconds < 10


def test_who_asks_before_sending_is_told_to_go_on_otherwise(server: LiveServer) -> None:
    with connect(server) as connection:
        connection.sendall(request("POST", NOBODY, HOST, "Expect: 100-continue", "Content-Length: 3"))
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"abc")
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")
    assert stored(server) == []
