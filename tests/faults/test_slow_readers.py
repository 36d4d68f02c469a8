"""F25: a thousand clients that read a byte a second cost bounded memory and nobody else's time, and hold no slot."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

import httpx2
import orjson
import pytest

from tests.conftest import StartServer
from tests.faults.streams import generate
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

N_CLIENTS = 1000
MIB = 2**20
# 200 lines of about 100 bytes each: some wait in the kernel, the rest in the server.
FAKE = "length=200&text=abcdefgh&seqs=64&batch=4096"


@pytest.fixture
def server(start_server: StartServer, tiny_gguf: Path) -> LiveServer:
    return start_server(
        models={"tiny": tiny_gguf},
        fake_backend=FAKE,
        num_parallel=64,
        max_queue=2000,
        context_length=1024,
        log_level="warning",
    )


async def test_a_thousand_slow_readers(server: LiveServer) -> None:
    await (await generate(server)).lines()
    before = server.rss_bytes()
    calm = p99_of(await asyncio.to_thread(health_times, server, 5.0))
    sockets = [slow_client(server, number) for number in range(N_CLIENTS)]
    reading = asyncio.create_task(read_a_byte_a_second(sockets))
    try:
        began = time.monotonic()
        lines = await (await generate(server, "me too")).lines(within=120)
        assert orjson.loads(lines[-1])["eval_count"] == 200, "a reader that reads gets all of its answer"
        waited = time.monotonic() - began
        times = await asyncio.to_thread(health_times, server, 10.0)
        extra = server.rss_bytes() - before
    finally:
        reading.cancel()
        for each in sockets:
            each.close()
    p99 = p99_of(times)
    print(f"{extra / MIB:.0f} MiB more, /health p99 {p99:.3f} s ({calm:.3f} s before), own answer after {waited:.1f} s")
    assert extra < 150 * MIB
    assert p99 < 0.1 + 4 * calm, "a tenth of a second, and what a busy machine adds of its own"
    assert waited < 100, "the slots went on without the slow ones"
    assert server.n_threads() <= 32


def slow_client(server: LiveServer, number: int) -> socket.socket:
    """Has sent its request and has next to no buffer for the answer."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.settimeout(60)
    connection.connect(("127.0.0.1", server.port))
    body = orjson.dumps({"model": "tiny", "prompt": str(number), "raw": True})
    head = f"POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    connection.setblocking(False)
    return connection


async def read_a_byte_a_second(sockets: list[socket.socket]) -> None:
    while True:
        for each in sockets:
            try:
                each.recv(1)
            except BlockingIOError:
                continue
        await asyncio.sleep(1)


def p99_of(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


def health_times(server: LiveServer, seconds: float) -> list[float]:
    times = []
    deadline = time.monotonic() + seconds
    with httpx2.Client(base_url=server.url) as client:
        while time.monotonic() < deadline:
            began = time.monotonic()
            assert client.get("/health").status_code == 200
            times.append(time.monotonic() - began)
            time.sleep(0.02)
    return times
