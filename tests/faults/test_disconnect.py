"""F24: whoever leaves frees the slot at once, in whatever state, and nothing is left behind."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.faults.streams import generate, post
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

MIB = 2**20
MAX_THREADS = 8  # the loop's, and the few that use the database
# One slot and answers without end: the next request can only begin once the last one is gone.
ENDLESS = "delay=0.005&token_delay=0.0002&length=-1&text=abcdefgh"


@pytest.fixture
def server(start_server: StartServer, tiny_gguf: Path) -> LiveServer:
    return start_server(
        models={"tiny": tiny_gguf}, num_parallel=1, fake_backend=ENDLESS, context_length=2048, log_level="warning"
    )


CASES: dict[str, dict[str, Any]] = {
    "streamed": {"prompt": "hi", "raw": True},
    "whole": {"prompt": "hi", "raw": True, "stream": False},
    "in prefill": {"prompt": "x" * 1900, "raw": True, "stream": False},
}


@pytest.mark.parametrize("case", CASES)
async def test_the_slot_is_free_within_a_moment(server: LiveServer, case: str) -> None:
    await first_token(server)
    for _ in range(3):
        leaving = asyncio.create_task(post(server, "/api/generate", **CASES[case]))
        await asyncio.sleep(0.3)
        if leaving.done():
            leaving.result().leave()
        leaving.cancel()
        seconds = await first_token(server)
        print(f"{case}: next first token after {seconds * 1000:.0f} ms")
        assert seconds < 2, "250 ms to notice and a short prompt; the rest is for a busy machine"


async def test_two_hundred_who_come_and_go_leave_nothing(server: LiveServer) -> None:
    await come_and_go(server, 20)
    before = n_files(server)
    rss = server.rss_bytes()
    await come_and_go(server, 200)
    deadline = time.monotonic() + 15
    while n_files(server) > before:
        assert time.monotonic() < deadline, f"{n_files(server)} open files against {before} before"
        await asyncio.sleep(0.2)
    assert server.n_threads() <= MAX_THREADS
    assert server.rss_bytes() - rss < 30 * MIB
    assert await first_token(server) < 2


async def come_and_go(server: LiveServer, n: int) -> None:
    """By turns: after a token, at once after the headers, before an answer that doesn't stream."""
    for number in range(n):
        if number % 3 == 2:
            leaving = asyncio.create_task(generate(server, stream=False))
            await asyncio.sleep(0.02)
            leaving.cancel()
            continue
        stream = await generate(server)
        if number % 3 == 0:
            assert await stream.line()
        stream.leave()


async def first_token(server: LiveServer) -> float:
    began = time.monotonic()
    stream = await generate(server)
    assert stream.status == 200
    assert b'"done":false' in await stream.line()
    stream.leave()
    return time.monotonic() - began


def n_files(server: LiveServer) -> int:
    """Sockets and files that the server has open."""
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))
