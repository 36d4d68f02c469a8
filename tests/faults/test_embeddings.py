"""F20, F24 for embeddings: a full queue says so, and whoever leaves frees the worker in the middle of a decode."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx2
import pytest

from tests.conftest import StartServer
from tests.faults.streams import post
from tests.inference.worker.support import is_alive
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

BUSY = "server busy, please try again.  maximum pending requests exceeded"
LONG = "x" * 2000


@pytest.fixture
def server(start_server: StartServer, tiny_gguf: Path) -> LiveServer:
    # A decode of the long input takes forty seconds, and there is no other way to embed it than in one.
    return start_server(
        models={"tiny": tiny_gguf},
        num_parallel=1,
        max_queue=2,
        context_length=2048,
        drain_seconds="1s",
        fake_backend="length=1&embed_split=0&token_delay=0.02",
    )


async def test_the_worker_is_free_within_a_moment(server: LiveServer) -> None:
    assert (await post(server, "/api/embed", input="warm")).status == 200
    leaving = asyncio.create_task(post(server, "/api/embed", input=LONG))
    await asyncio.sleep(1)
    leaving.cancel()
    began = time.monotonic()
    assert (await post(server, "/api/embed", input="short")).status == 200
    assert time.monotonic() - began < 15, "the decode of forty seconds went on"


async def test_a_full_queue_says_so(server: LiveServer) -> None:
    waiting = [asyncio.create_task(post(server, "/api/embed", input=LONG)) for _ in range(3)]
    async with httpx2.AsyncClient(base_url=server.url, trust_env=False) as client:
        deadline = time.monotonic() + 20
        answer = await client.post("/api/embed", json={"model": "tiny", "input": "a"}, timeout=60)
        while answer.status_code != 503:
            assert time.monotonic() < deadline, answer.text
            answer = await client.post("/api/embed", json={"model": "tiny", "input": "a"}, timeout=60)
    assert answer.json() == {"error": BUSY}
    assert int(answer.headers["Retry-After"]) >= 1
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_stopping_server_answers_what_it_can_not_finish(server: LiveServer) -> None:
    assert (await post(server, "/api/embed", input="warm")).status == 200
    running = asyncio.create_task(post(server, "/api/embed", input=LONG))
    await asyncio.sleep(1)
    workers = server.workers()
    server.process.terminate()
    answer = await running
    assert answer.status == 503
    assert b"shutting down" in (await answer.lines())[0]
    server.process.wait(timeout=60)
    assert not any(is_alive(pid) for pid in workers)
