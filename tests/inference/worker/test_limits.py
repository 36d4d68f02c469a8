"""What a worker may do, read from the kernel while one runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inference import PoolConfig
from inference.worker.limits import scrubbed
from tests.inference.worker.support import Hosted, fake_spec, is_alive

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

SECRETS = {"A3S_POWER_API_KEY": "CANARY-key", "DATABASE_URL": "postgres://u:CANARY@h/db", "HF_TOKEN": "CANARY-hf"}


@pytest.fixture
async def worker(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Path]:
    """The /proc directory of a worker that was started by a server with secrets in its environment."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    hosted = Hosted(fake_spec(), PoolConfig(backend="fake"))
    await hosted.host.start()
    yield Path(f"/proc/{hosted.host.pid}")
    await hosted.host.stop()


def status_of(worker: Path) -> dict[str, str]:
    lines = (worker / "status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


async def test_no_secret_reaches_the_worker(worker: Path) -> None:
    seen = (worker / "environ").read_bytes() + (worker / "cmdline").read_bytes()
    assert b"PATH=" in seen
    assert b"CANARY" not in seen


async def test_it_dumps_no_core_and_gains_no_privileges(worker: Path) -> None:
    core = next(line for line in (worker / "limits").read_text().splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]
    assert status_of(worker)["NoNewPrivs"] == "1"


async def test_the_oom_killer_takes_it_before_the_server(worker: Path) -> None:
    own = int(Path(f"/proc/{os.getpid()}/oom_score_adj").read_text())  # noqa: ASYNC240 - not a disk
    assert int((worker / "oom_score_adj").read_text()) >= max(500, own)


async def test_signals_meant_for_the_server_do_not_end_it(worker: Path) -> None:
    ignored = int(status_of(worker)["SigIgn"], 16)
    assert ignored & 1 << 1  # SIGINT is 2
    assert ignored & 1 << 14  # SIGTERM is 15
    assert os.getsid(int(worker.name)) != os.getsid(0)
    assert is_alive(int(worker.name))


async def test_it_has_only_its_own_descriptors(worker: Path) -> None:
    links = {os.readlink(link) for link in (worker / "fd").iterdir()}
    sockets = {link for link in links if link.startswith("socket:")}
    assert len(sockets) == 1
    assert not any("sqlite" in link for link in links)


async def test_the_kernel_filters_its_system_calls(worker: Path) -> None:
    assert status_of(worker)["Seccomp"] == "2"


TRY_SOCKETS = """
import socket, threading
from inference.worker.limits import apply_limits

def attempt(family):
    try:
        socket.socket(family).close()
        return "made"
    except OSError as error:
        return type(error).__name__

go, said = threading.Event(), []
older = threading.Thread(target=lambda: (go.wait(), said.append(attempt(socket.AF_INET))))
older.start()
apply_limits()
go.set()
older.join()
print(attempt(socket.AF_INET), attempt(socket.AF_INET6), attempt(socket.AF_UNIX), *said)
"""


def test_it_has_no_network_not_even_in_threads_that_were_there_before() -> None:
    done = subprocess.run([sys.executable, "-c", TRY_SOCKETS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["PermissionError", "PermissionError", "made", "PermissionError"]


def test_the_environment_keeps_what_llama_cpp_reads() -> None:
    kept = {"PATH": "/bin", "CUDA_VISIBLE_DEVICES": "0", "GGML_X": "1", "OMP_NUM_THREADS": "2", "HOME": "/h"}
    assert scrubbed(kept | SECRETS | {"PYTHONPATH": "x", "DJANGO_SETTINGS_MODULE": "y"}) == kept
