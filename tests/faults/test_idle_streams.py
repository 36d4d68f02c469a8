"""Issue 2, item 18: a thousand open streams cost little memory, few threads, and nobody else's time; a real server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from tests.conftest import StartServer
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

N_STREAMS = 1000
MIB = 2**20
MAX_EXTRA_BYTES = 150 * MIB
MAX_THREADS = 32
MAX_HEALTH_SECONDS = 0.1
# One step takes longer than the measurement: streams that have begun, and wait.
FAKE = "delay=15&length=-1&seqs=1024&batch=16384"
MEASURED_SECONDS = 8


@pytest.fixture
def server(start_server: StartServer, tiny_gguf: Path) -> LiveServer:
    return start_server(
        models={"tiny": tiny_gguf},
        fake_backend=FAKE,
        num_parallel=1024,
        max_queue=2000,
        context_length=256,
        log_level="warning",
    )


@pytest.mark.parametrize("path", ["/api/generate", "/v1/completions"])
async def test_a_thousand_streams_cost_little(server: LiveServer, path: str) -> None:
    async with streams(server, path, 1):  # the model is loaded and everything imported
        before = server.rss_bytes()
        alone = p99(await health_times(server, seconds=MEASURED_SECONDS))
    async with streams(server, path, N_STREAMS):
        times = await health_times(server, seconds=MEASURED_SECONDS)
        extra, threads = server.rss_bytes() - before, server.n_threads()
    print(f"{path}: {extra / MIB:.0f} MiB, {threads} threads, /health p99 {p99(times):.4f} s, with one {alone:.4f} s")
    assert extra <= MAX_EXTRA_BYTES
    assert threads <= MAX_THREADS
    # On a machine that is busy with other things, one stream alone is as slow.
    assert p99(times) <= MAX_HEALTH_SECONDS + 3 * alone
    await connections_are_gone(server)


def p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


@asynccontextmanager
async def streams(server: LiveServer, path: str, n: int) -> AsyncIterator[None]:
    """``n`` streams that have begun; each is read, as a client would, until the end of the block."""
    opened = await asyncio.gather(*(open_stream(server, path, number) for number in range(n)))
    readers = [asyncio.create_task(read_on(reader)) for reader, _ in opened]
    try:
        yield
        assert not any(reader.done() for reader in readers), "a stream ended"
    finally:
        for reader in readers:
            reader.cancel()
        for _, writer in opened:
            writer.close()


async def open_stream(server: LiveServer, path: str, number: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=4096)
    body = orjson.dumps({"model": "tiny", "prompt": f"{number}", "raw": True, "stream": True, "max_tokens": 100_000})
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    status = await asyncio.wait_for(reader.readline(), 120)
    assert b" 200 " in status, status
    return reader, writer


async def read_on(reader: asyncio.StreamReader) -> None:
    while await reader.read(4096):
        pass


async def health_times(server: LiveServer, *, seconds: float) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    times, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline:
        began = time.monotonic()
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        await reader.readexactly(int(length.split(b":")[1]))
        times.append(time.monotonic() - began)
        await asyncio.sleep(0.02)
    writer.close()
    return times


def n_files(server: LiveServer) -> int:
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


async def connections_are_gone(server: LiveServer) -> None:
    """Every stream's end is noticed: the files of a thousand sockets are closed again."""
    deadline = time.monotonic() + 20
    while n_files(server) > 60:
        assert time.monotonic() < deadline, "sockets stay open"
        await asyncio.sleep(0.2)
