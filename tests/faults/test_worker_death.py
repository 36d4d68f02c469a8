"""F27: a worker that dies under a stream ends that stream with an error, within a second, and nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import orjson
import pytest

from tests.conftest import StartServer
from tests.faults.streams import OpenStream, generate, post
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

ENDLESS = "delay=0.02&length=-1&text=abcdefgh"
HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture
def server(start_server: StartServer, tiny_gguf: Path, tmp_path: Path) -> LiveServer:
    from tests.gguf_files import write_tiny_gguf

    other = write_tiny_gguf(tmp_path / "other.gguf", seed=1)
    models = {"tiny": tiny_gguf, "other": other}
    return start_server(models=models, max_loaded_models=2, fake_backend=ENDLESS, context_length=2048)


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT], ids=lambda kind: kind.name)
async def test_both_wires_say_so_within_a_second_and_the_next_request_works(
    server: LiveServer, kind: signal.Signals
) -> None:
    native = await generate(server)
    openai = await post(server, "/v1/chat/completions", messages=HELLO)
    assert await native.line()
    assert await openai.line()
    (worker,) = server.workers()
    began = time.monotonic()
    os.kill(worker, kind)
    native_last, openai_last = [await last_line(stream) for stream in (native, openai)]
    seconds = time.monotonic() - began
    print(f"{kind.name}: both streams ended after {seconds * 1000:.0f} ms")
    assert seconds < 2.5, "a second, and what a busy machine adds"
    assert "model runner has unexpectedly stopped" in orjson.loads(native_last)["error"]
    assert orjson.loads(openai_last)["error"]["code"] == "model_failed", "and no [DONE] after it"
    again = await generate(server)
    assert again.status == 200
    assert await again.line()
    again.leave()
    assert server.workers() != [worker]


async def test_an_answer_that_does_not_stream_is_a_500(server: LiveServer) -> None:
    await begun(server)
    whole = asyncio.create_task(generate(server, stream=False))
    await asyncio.sleep(0.3)
    os.kill(server.workers()[0], signal.SIGKILL)
    answer = await whole
    assert answer.status == 500
    assert "unexpectedly stopped" in orjson.loads(await answer.line())["error"]


async def test_another_models_streams_are_unharmed(server: LiveServer) -> None:
    mine = await generate(server)
    assert await mine.line()
    (worker,) = server.workers()
    others = await generate(server, model="other")
    assert await others.line()
    os.kill(worker, signal.SIGKILL)
    assert b"error" in await last_line(mine)
    for _ in range(20):
        assert b'"done":false' in await others.line(within=5)
    others.leave()


async def test_three_crashes_open_the_circuit(server: LiveServer) -> None:
    for _ in range(3):
        stream = await generate(server)
        assert await stream.line()
        os.kill(server.workers()[0], signal.SIGKILL)
        assert b"error" in await last_line(stream)
    for path, fields in (("/api/generate", {"prompt": "x"}), ("/v1/chat/completions", {"messages": HELLO})):
        refused = await post(server, path, **fields)
        assert refused.status == 503
        assert 0 < int(refused.headers["retry-after"]) <= 60
    other = await generate(server, model="other")
    assert other.status == 200
    other.leave()


async def begun(server: LiveServer) -> None:
    stream = await generate(server)
    assert await stream.line()
    stream.leave()


async def last_line(stream: OpenStream) -> bytes:
    return (await stream.lines(within=10))[-1]
