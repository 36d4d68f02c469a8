"""F1, F2, F15, F16, F19 and F37 for the store alone: processes die at any point, and nothing promised is lost."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models_app.store.partials import SYNC_BYTES
from tests.faults.crash_ledger import full_name
from tests.faults.stores import N_KILLS, Start, check, drivers, lines
from tests.gguf_files import write_tiny_gguf
from tests.models_app.rogue import Request, Rogue, rogue_server, serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

N_ACTIONS = 40
POINTS = (
    "after the last byte",
    "before the rename",
    "after the rename",
    "before the config is written",
    "before the rows",
    "amid the rows",
    "before the name",
    "after the rows",
    "amid a deletion's rows",
    "before the files go",
)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with drivers(tmp_path / "home") as start:
        yield start


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [write_tiny_gguf(tmp_path / f"{seed}.gguf", seed=seed) for seed in range(3)]


def test_killed_at_random_under_a_mixed_workload_nothing_dangles_and_nothing_promised_is_lost(
    start: Start, files: list[Path]
) -> None:
    promised: dict[str, str | None] = {}
    check(start)
    for kill in range(N_KILLS):
        process = start("work", kill, 1_000_000, *files)
        assert process.stdout is not None
        told = [json.loads(process.stdout.readline())]
        time.sleep(random.uniform(0, 0.5))
        process.send_signal(signal.SIGKILL)
        told += lines(process)
        assert process.returncode == -signal.SIGKILL
        doubtful = told[-1].get("begin")
        promised.update({line["end"]: line["digest"] for line in told if "end" in line})
        names = check(start)
        for name, digest in promised.items():
            if name != doubtful:
                assert names.get(full_name(name)) == digest, (kill, name)
        promised = {name: names.get(full_name(name)) for name in promised}


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_chosen_point_the_next_process_finds_a_sound_store_and_goes_on(
    start: Start, files: list[Path], point: str
) -> None:
    process = start("die", point, files[0], "m")
    assert lines(process) == []
    assert process.returncode == 137
    check(start)
    assert start("pull", files[0], "m").wait(60) == 0
    assert list(check(start)) == ["m:latest"]


@pytest.fixture
def rogue(tmp_path: Path, files: list[Path]) -> Iterator[Rogue]:
    """96 MiB of a model; zeros behind the weights are no fault of a GGUF."""
    with rogue_server(files[0].read_bytes() + bytes(96 << 20)) as server:
        yield server


def test_killed_amid_a_download_it_goes_on_from_what_was_on_the_disk(start: Start, rogue: Rogue) -> None:
    sent: list[int] = []
    n_kills = 5  # each after less than a fifth of the file

    def serve_and_kill(request: Request) -> None:
        limit = random.randrange(1 << 20, 19 << 20)
        serve(request, n_bytes=limit)
        request.wfile.flush()
        sent.append(limit)
        time.sleep(0.3)
        running[0].kill()

    running: list[subprocess.Popen[str]] = []
    rogue.answers = [serve_and_kill] * n_kills
    for _ in range(n_kills):
        running[:] = [start("pull", f"{rogue.url}/m.gguf", "m")]
        running[0].wait(60)
        assert running[0].returncode == -signal.SIGKILL
    offsets = [request.offset or 0 for request in rogue.requests]
    for before, after, n_sent in zip(offsets, offsets[1:], sent, strict=False):
        assert after >= before + n_sent - SYNC_BYTES
    last = start("pull", f"{rogue.url}/m.gguf", "m")
    assert last.wait(120) == 0
    assert list(check(start)) == ["m:latest"]


def test_two_processes_that_pull_one_file_download_it_once(start: Start, rogue: Rogue) -> None:
    def slowly(request: Request) -> None:
        time.sleep(3)
        serve(request)

    rogue.answers = [slowly]
    first, second = start("pull", f"{rogue.url}/m.gguf", "a"), start("pull", f"{rogue.url}/m.gguf", "b")
    assert (first.wait(120), second.wait(120)) == (0, 0)
    assert len(rogue.requests) == 1
    names = check(start)
    assert set(names) == {"a:latest", "b:latest"}
    assert len(set(names.values())) == 1


def test_pulls_copies_and_deletions_of_three_processes_leave_a_sound_store(start: Start, files: list[Path]) -> None:
    processes = [start("work", seed, N_ACTIONS, *files) for seed in range(3)]
    done: list[list[dict[str, Any]]] = []
    threads = [threading.Thread(target=lambda p=p: done.append(lines(p))) for p in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert [sum("end" in line for line in told) for told in done] == [N_ACTIONS] * 3
    check(start)
