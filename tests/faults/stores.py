"""Processes of store_driver.py on a store, and the question whether the store is sound."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
N_KILLS = int(os.environ.get("STORE_KILLS", "25"))
Start = Callable[..., subprocess.Popen[str]]


def driver(home: Path, *arguments: object) -> subprocess.Popen[str]:
    """The driver with these arguments, its standard output piped; the caller's to end."""
    command = [sys.executable, str(ROOT / "tests/faults/store_driver.py"), *map(str, arguments)]
    environment = os.environ | {
        "A3S_POWER_HOME": str(home),
        "A3S_POWER_ALLOW_PRIVATE_HOSTS": "127.0.0.1",
        "A3S_POWER_MIN_FREE_BYTES": "0",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


@contextmanager
def drivers(home: Path) -> Iterator[Start]:
    """Starts drivers on one home; what still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: object) -> subprocess.Popen[str]:
        process = driver(home, *arguments)
        running.append(process)
        return process

    try:
        yield start
    finally:
        for process in running:
            process.kill()
            process.communicate()


def lines(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    output, _ = process.communicate(timeout=120)
    return [json.loads(line) for line in output.splitlines() if line.endswith("}")]


def check(start: Start) -> dict[str, str]:
    """The names of a store that has to be sound."""
    process = start("check")
    (report,) = lines(process)
    assert process.returncode == 0
    assert report["faults"] == []
    assert report["integrity"] == [["ok"]]
    tags: dict[str, str] = report["tags"]
    return tags
