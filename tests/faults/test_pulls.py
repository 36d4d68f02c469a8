"""Pulls over HTTP whose client or server goes in the midst of them; real servers, and a source that stalls."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models_app.digests import Digest
from tests.conftest import StartServer
from tests.faults.processes import wait_for
from tests.faults.streams import OpenStream, post
from tests.live import LiveServer
from tests.models_app.rogue import Request, Rogue, rogue_server, serve

pytestmark = pytest.mark.slow


class Stalling:
    """Gives half of the file, and the rest when it is told to."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def __call__(self, request: Request) -> None:
        data = request.rogue.data
        middle = len(data) // 2
        request.head(200, Content_Length=len(data), ETag=request.rogue.etag)
        request.wfile.write(data[:middle])
        self.go_on.wait(60)
        request.wfile.write(data[middle:])


@pytest.fixture
def stalling() -> Iterator[Stalling]:
    source = Stalling()
    yield source
    source.go_on.set()


@pytest.fixture
def rogue(tiny_gguf: Path, stalling: Stalling) -> Iterator[Rogue]:
    with rogue_server(tiny_gguf.read_bytes() * 8) as server:  # one file, and seven times its bytes behind it
        server.answers.append(stalling)
        server.answer = serve
        yield server


@pytest.fixture
def server(start_server: StartServer) -> LiveServer:
    return start_server(allow_private_hosts="127.0.0.1", min_free_bytes="0")


async def pull(server: LiveServer, rogue: Rogue) -> OpenStream:
    url = f"{rogue.url}/tiny.gguf#sha256={Digest.of(rogue.data).hex}"
    return await post(server, "/api/pull", model=url, name="pulled")


async def until_bytes_come(stream: OpenStream) -> None:
    while not json.loads(await stream.line()).get("completed"):
        pass


async def last(stream: OpenStream) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((await stream.lines())[-1])
    return found


async def test_one_of_two_who_leaves_takes_nothing_along(server: LiveServer, rogue: Rogue, stalling: Stalling) -> None:
    first, second = await pull(server, rogue), await pull(server, rogue)
    await until_bytes_come(first)
    await until_bytes_come(second)
    first.leave()
    stalling.go_on.set()
    assert await last(second) == {"status": "success"}
    assert len(rogue.requests) == 1


async def test_what_was_left_goes_on_where_it_was(server: LiveServer, rogue: Rogue, stalling: Stalling) -> None:
    first = await pull(server, rogue)
    await until_bytes_come(first)
    first.leave()
    assert await asyncio.to_thread(wait_for, lambda: "complete=false" in server.log(), seconds=20)
    second = await pull(server, rogue)
    await second.line()
    stalling.go_on.set()
    assert await last(second) == {"status": "success"}
    assert [request.offset is not None for request in rogue.requests] == [False, True]


async def test_a_server_that_stops_says_so_and_does_not_wait_for_the_source(server: LiveServer, rogue: Rogue) -> None:
    stream = await pull(server, rogue)
    await until_bytes_come(stream)
    began = time.monotonic()
    server.process.terminate()
    assert await last(stream) == {"error": "server is shutting down"}
    assert server.process.wait(timeout=60) == 0
    assert time.monotonic() - began < 20, "it waited for a source that sends nothing"
