"""The parent's side: starts the child, reads how far it is, ends it when nobody wants the result any more."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

import inference
from inference.engine.backend import llama_available
from inference.errors import BackendNotAvailable, QuantizeFailed
from inference.quantize.child import REFUSED
from inference.quantize.job import QuantizeJob
from inference.worker.exits import exit_of_status
from inference.worker.limits import scrubbed

POLL_SECONDS = 0.25


def quantize_file(job: QuantizeJob, *, on_progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> bool:
    """Whether it was finished rather than cancelled. Sync, for minutes; any thread that lives as long.

    ``on_progress(done, total)`` counts tensors; it is called at least every POLL_SECONDS, so that a lease can be kept.
    Raises QuantizeFailed, BackendNotAvailable. What is in ``destination`` afterwards is whole only where this is True.
    """
    if not llama_available():
        raise BackendNotAvailable
    process = _start(job)
    try:
        return _watch(process, on_progress, cancelled)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _start(job: QuantizeJob) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "inference.quantize.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # llama.cpp names files there
        env=scrubbed(dict(os.environ)) | {"PYTHONPATH": str(Path(inference.__path__[0]).parent)},
        start_new_session=True,
        bufsize=0,
    )
    assert process.stdin is not None
    with process.stdin as stdin:
        stdin.write(msgspec.json.encode(job) + b"\n")
    return process


def _watch(
    process: subprocess.Popen[bytes], on_progress: Callable[[int, int], None], cancelled: Callable[[], bool]
) -> bool:
    assert process.stdout is not None
    output = process.stdout.fileno()
    done, total, rest = 0, 0, b""
    while not cancelled():
        if select.select([output], [], [], POLL_SECONDS)[0]:
            data = os.read(output, 65536)
            if not data:
                _check(process.wait())
                return True
            *lines, rest = (rest + data).split(b"\n")
            if lines:
                done, total = map(int, lines[-1].split())
        on_progress(done, total)
    return False


def _check(status: int) -> None:
    if status == REFUSED:
        raise QuantizeFailed("llama.cpp declined it: the file is damaged, or its architecture or type is unknown")
    if status:
        raise QuantizeFailed(exit_of_status(status).words)
