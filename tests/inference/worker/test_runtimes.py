from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inference.worker import runtimes
from tests.inference.worker.support import is_alive

CHILD_OF_A_SERVER = """
import asyncio, os, sys
sys.path.insert(0, {root!r})
from inference import PoolConfig
from tests.inference.worker.support import Hosted, fake_spec
async def main():
    hosted = Hosted(fake_spec(), PoolConfig(backend="fake"))
    await hosted.host.start()
    print(hosted.host.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_killed_server_leaves_no_worker() -> None:
    root = str(Path(__file__).parents[3])
    code = CHILD_OF_A_SERVER.format(root=root)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        assert is_alive(pid)
        server.kill()
    deadline = time.monotonic() + 5
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(pid)


def test_a_worker_process_imports_neither_django_nor_the_pool() -> None:
    heavy = ("django", "asyncio", "inference.pool.pool")
    code = f"import inference.worker.main, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_launch_that_fails_leaves_no_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_process(*args: object, **kwargs: object) -> None:
        raise OSError("fork")

    before = set(os.listdir("/proc/self/fd")) if sys.platform == "linux" else set()
    monkeypatch.setattr(runtimes.subprocess, "Popen", no_process)
    with pytest.raises(OSError, match="fork"):
        runtimes.launch_process()
    if sys.platform == "linux":
        assert set(os.listdir("/proc/self/fd")) == before
