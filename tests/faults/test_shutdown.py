"""F30: SIGTERM under running streams, impatience, deadlines, and no worker left behind; real servers."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from tests.conftest import StartServer
from tests.faults.processes import is_running, wait_for
from tests.live import LiveServer

pytestmark = pytest.mark.slow

N_STREAMS = 10


@pytest.fixture
def start(start_server: StartServer, tiny_gguf: Path) -> Any:
    """A server with the model ``tiny``, which answers with a token every 50 ms."""

    def start(length: int, **settings: object) -> LiveServer:
        fake = f"delay=0.05&length={length}"
        return start_server(models={"tiny": tiny_gguf}, fake_backend=fake, num_parallel=16, **settings)

    return start


class Streams:
    """Streams of both wires in threads of their own; ``texts`` are their bodies."""

    def __init__(self, server: LiveServer, n: int) -> None:
        self._running = threading.Semaphore(0)
        self._threads = ThreadPoolExecutor(n)
        self._futures: list[Future[str]] = [self._threads.submit(self._read, server, number) for number in range(n)]
        for _ in range(n):
            assert self._running.acquire(timeout=60), "a stream did not start"

    def bodies(self) -> list[str]:
        with self._threads:
            return [future.result(timeout=90) for future in self._futures]

    def _read(self, server: LiveServer, number: int) -> str:
        path = "/api/chat" if number % 2 else "/v1/chat/completions"
        body = {"model": "tiny", "messages": [{"role": "user", "content": f"number {number}"}], "stream": True}
        parts = []
        with httpx2.stream("POST", f"{server.url}{path}", json=body, timeout=90) as answer:
            assert answer.status_code == 200
            for part in answer.iter_text():
                if not parts:
                    self._running.release()
                parts.append(part)
        return "".join(parts)


def endings(bodies: list[str]) -> list[str]:
    """How each stream says that it ended: done_reason, finish_reason, "error", or "nothing"."""
    return [_ending(body) for body in bodies]


def _ending(body: str) -> str:
    found = "nothing"
    for line in body.splitlines():
        text = line.removeprefix("data: ")
        if not text.startswith("{"):
            continue
        chunk = orjson.loads(text)
        if "error" in chunk:
            found = "error"
        elif chunk.get("done"):
            found = chunk["done_reason"]
        elif chunk.get("choices") and chunk["choices"][0].get("finish_reason"):
            found = chunk["choices"][0]["finish_reason"]
    return found


def is_refused(server: LiveServer) -> bool:
    try:
        httpx2.get(f"{server.url}/health", timeout=5)
    except httpx2.TransportError:
        return True
    return False


def test_after_sigterm_streams_finish_and_nobody_new_comes_in(start: Any) -> None:
    server = start(60)
    streams = Streams(server, N_STREAMS)
    workers = server.workers()
    server.process.send_signal(signal.SIGTERM)
    assert wait_for(lambda: is_refused(server), seconds=2)
    assert set(endings(streams.bodies())) == {"stop"}
    assert server.process.wait(timeout=30) == 0
    assert wait_for(lambda: not any(is_running(pid) for pid in workers), seconds=5)


def test_a_second_sigterm_ends_the_streams_with_a_word(start: Any) -> None:
    server = start(100_000)
    streams = Streams(server, N_STREAMS)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert server.is_alive()
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=30) == 0
    assert time.monotonic() - began < 8
    assert "nothing" not in endings(streams.bodies())


def test_the_deadline_ends_the_streams_with_a_word(start: Any) -> None:
    server = start(100_000, drain_seconds="1s")
    streams = Streams(server, N_STREAMS)
    began = time.monotonic()
    assert server.terminate(seconds=30) == 0
    assert 0.9 < time.monotonic() - began < 10
    assert "nothing" not in endings(streams.bodies())


def test_without_streams_it_ends_at_once(start: Any) -> None:
    server = start(1)
    began = time.monotonic()
    assert server.terminate() == 0
    assert time.monotonic() - began < 8


def test_ctrl_c_is_a_stop_too(start: Any) -> None:
    server = start(1)
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(timeout=30) == 0


def test_workers_die_with_a_server_that_was_killed(start: Any) -> None:
    server = start(100_000)
    streams = Streams(server, 2)
    workers = server.workers()
    assert workers
    server.kill()
    assert wait_for(lambda: not any(is_running(pid) for pid in workers), seconds=5)
    for future in streams._futures:
        assert isinstance(future.exception(timeout=30), httpx2.TransportError)


def test_a_port_in_use_is_said_in_one_line(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    other = LiveServer(tmp_path / "other", {"backend": "fake"})
    done = other.manage("serve", "--port", str(server.port))
    assert done.returncode == 1
    assert done.stderr == f"Error: can't listen on 127.0.0.1:{server.port}: Address already in use\n"
    assert server.health()["status"] == "ok"
