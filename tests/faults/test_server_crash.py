"""F19: a server is killed at random under a mixed workload, and the next one starts on a sound store with all promises.

``CRASH_SEED`` repeats the dice of a run (its timing, of course, not), ``STORE_KILLS`` sets the number of kills.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests.conftest import StartServer
from tests.faults.crash_ledger import Answer, Ledger
from tests.faults.crash_workload import NAMES, STEADY, Source, Workload
from tests.faults.processes import is_running, wait_for
from tests.faults.stores import N_KILLS, Start, check, drivers, lines
from tests.gguf_files import write_tiny_gguf
from tests.live import LiveServer
from tests.models_app.rogue import Request, Rogue, rogue_server, serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

START_SECONDS = 30.0  # 1 on a quiet machine
FAKE = "delay=0.005&length=20"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """The last one is downloaded too: zeros behind the weights are no fault of a GGUF, and give a kill time to hit."""
    paths = [write_tiny_gguf(tmp_path / f"{seed}.gguf", seed=seed) for seed in range(1, 4)]
    with paths[-1].open("ab") as file:
        file.write(bytes(6 << 20))
    return paths


@pytest.fixture
def rogue(files: list[Path]) -> Iterator[Rogue]:
    """Cuts off each answer, so that a download takes a second request and half a second."""
    with rogue_server(files[-1].read_bytes()) as server:
        server.answer = cut_off
        yield server


def cut_off(request: Request) -> None:
    serve(request, n_bytes=4 << 20)


@pytest.fixture
def server(start_server: StartServer, tiny_gguf: Path, files: list[Path]) -> LiveServer:
    models = {STEADY: tiny_gguf} | dict(zip(NAMES, files, strict=False))
    settings = {"allow_private_hosts": "127.0.0.1", "min_free_bytes": 0, "max_loaded_models": 2}
    return start_server(models=models, fake_backend=FAKE, **settings)


@pytest.fixture
def start(server: LiveServer) -> Iterator[Start]:
    with drivers(server.home) as start:
        yield start


def test_killed_25_times_under_a_mixed_workload_it_starts_again_and_nothing_acknowledged_is_lost(
    server: LiveServer, start: Start, files: list[Path], rogue: Rogue
) -> None:
    seed = int(os.environ.get("CRASH_SEED", random.randrange(1 << 32)))
    print(f"CRASH_SEED={seed}")  # pytest shows it with a failure
    chance = random.Random(seed)
    catalog = check(start)
    ledger = Ledger((STEADY, *NAMES), catalog)
    sources = [Source((str(path),), catalog[name]) for name, path in zip(NAMES, files, strict=False)]
    sources[-1] = Source((*sources[-1].places, f"{rogue.url}/m.gguf"), sources[-1].digest)
    streams: Counter[int] = Counter()
    workers: list[int] = []
    for _ in range(N_KILLS):
        # Commands are slow to start; this one changes the same store without a pause, also while the server starts.
        busy = start("work", chance.random(), 1_000_000, *files)
        start_seconds = restart(server)
        assert start_seconds < START_SECONDS
        workload = Workload(server, ledger, sources, streams)
        with workload.running(chance):
            # A command starts about as slowly as the server: so the kill hits it at any point on any machine.
            time.sleep(chance.uniform(0, 1.5) * start_seconds)
            workload.end(kill_commands=chance.random() < 0.5)
            workers += (children := kill(server))
            assert busy.poll() is None, "the driver ended by itself"
            busy.kill()
            ledger.hear(lines(busy))
        assert wait_for(partial(all_ended, children), seconds=10), "a worker outlives its server"
        ledger.settle(check(start))
    restart(server)
    assert workers
    assert streams[200]
    done = {what: n for (what, answer), n in ledger.answers.items() if answer is Answer.DONE}
    print(dict(ledger.answers), dict(streams), f"{len(workers)} workers")
    assert {"http copy", "http rm", "power pull", "driver"} <= done.keys()
    assert {"power cp", "power rm"} & done.keys()
    ledger.settle(check(start))
    generated = httpx2.post(f"{server.url}/api/generate", json={"model": STEADY, "prompt": "hi", "stream": False})
    assert generated.status_code == 200


def restart(server: LiveServer) -> float:
    """How many seconds it took until /health was answered."""
    if server.is_alive():
        server.kill()
    begun = time.monotonic()
    server.start()
    assert server.health()["status"] == "ok"
    return time.monotonic() - begun


def all_ended(pids: list[int]) -> bool:
    return not any(map(is_running, pids))


def kill(server: LiveServer) -> list[int]:
    """kill -9; the processes it had at that moment. Stopped first, so that none is born after they were counted."""
    assert server.is_alive(), f"the server ended by itself:\n{server.log()}"
    server.process.send_signal(signal.SIGSTOP)
    os.waitpid(server.pid, os.WUNTRACED)
    threads = Path(f"/proc/{server.pid}/task").iterdir()
    children = [int(pid) for thread in threads for pid in (thread / "children").read_text().split()]
    server.kill()
    return children
