"""F20 and F22: a full queue says so at once on both wires, and who leaves it takes nobody along."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from tests.conftest import StartServer
from tests.faults.streams import generate, post
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

BUSY = "server busy, please try again.  maximum pending requests exceeded"
WIRES = {
    "/api/generate": {"prompt": "hi", "raw": True},
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "hi"}]},
}


@pytest.fixture
def server(start_server: StartServer, tiny_gguf: Path) -> LiveServer:
    return start_server(
        models={"tiny": tiny_gguf}, num_parallel=1, max_queue=4, fake_backend="delay=0.05&length=20&text=abcdefgh"
    )


@pytest.mark.parametrize("path", WIRES)
async def test_twenty_at_once_of_whom_five_have_room(server: LiveServer, path: str) -> None:
    await (await generate(server)).lines()  # the model is loaded
    answers = await asyncio.gather(*(timed(server, path, WIRES[path]) for _ in range(20)))
    served = [answer for answer in answers if answer[0] == 200]
    refused = [answer for answer in answers if answer[0] == 503]
    assert (len(served), len(refused)) == (5, 15)
    for _, headers, body, *_ in refused:
        assert int(headers["retry-after"]) >= 1
        error = orjson.loads(body)["error"]
        assert (error if isinstance(error, str) else error["message"]) == BUSY
    # An order and not a duration: a busy machine delays all of them alike.
    slowest, first_end = max(answer[3] for answer in refused), min(answer[4] for answer in served)
    print(f"{path}: the last 503 after {slowest * 1000:.0f} ms, the first answer ended after {first_end * 1000:.0f} ms")
    assert slowest < first_end, "nobody is kept waiting only to be refused"


async def timed(
    server: LiveServer, path: str, fields: dict[str, Any]
) -> tuple[int, dict[str, str], bytes, float, float]:
    """Status, headers, first line, and the seconds until its head and until its end."""
    began = time.monotonic()
    stream = await post(server, path, **fields)
    head_seconds = time.monotonic() - began
    lines = await stream.lines()
    return stream.status, stream.headers, lines[0], head_seconds, time.monotonic() - began


async def test_who_leaves_the_queue_takes_nobody_along(server: LiveServer) -> None:
    running = await generate(server)
    assert await running.line()
    waiting = [asyncio.create_task(generate(server, str(number))) for number in range(4)]
    await queue_depth(server, 4)
    for task in waiting[:3]:
        task.cancel()
    await queue_depth(server, 1)
    lines = await running.lines()
    assert orjson.loads(lines[-1])["done_reason"] == "stop", "the one that ran has come to its own end"
    last = await (await waiting[3]).lines()
    assert orjson.loads(last[-1])["eval_count"] == 20


async def test_who_leaves_while_the_model_loads_takes_nobody_along(start_server: StartServer, tiny_gguf: Path) -> None:
    server = start_server(models={"tiny": tiny_gguf}, fake_backend="length=5&load_delay=2")
    first, second = (asyncio.create_task(generate(server, prompt)) for prompt in "ab")
    await asyncio.sleep(0.5)
    first.cancel()
    lines = await (await second).lines()
    assert orjson.loads(lines[-1])["done"] is True


async def queue_depth(server: LiveServer, expected: int) -> None:
    deadline = time.monotonic() + 10
    while (depth := await asyncio.to_thread(read_queue_depth, server)) != expected:
        assert time.monotonic() < deadline, f"{depth} wait, not {expected}"
        await asyncio.sleep(0.02)


def read_queue_depth(server: LiveServer) -> int:
    found = re.search(r'a3s_power_queue_depth\{model="[^"]*"\} ([0-9.]+)', httpx2.get(f"{server.url}/metrics").text)
    return int(float(found[1])) if found else 0
