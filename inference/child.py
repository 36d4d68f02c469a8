"""A piece of work in a process of its own: it reads files from strangers, and only that process may end over them.

The child reads its job from standard input, one line, and writes lines to standard output: ``done total`` as it goes,
and ``! sentence`` for why it could not be done.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import inference
from inference.worker.exits import exit_of_status
from inference.worker.limits import apply_limits, scrubbed

POLL_SECONDS = 0.25
MAX_SENTENCE_CHARS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """``sentence`` is the child's own word on a failure, ``words`` what its exit status says; without either it is
    done."""

    cancelled: bool = False
    sentence: str = ""
    words: str = ""

    @property
    def failed(self) -> bool:
        return bool(self.sentence or self.words)


def child_run(
    module: str, job: bytes, *, on_progress: Callable[[int, int], None], cancelled: Callable[[], bool]
) -> Ending:
    """Runs ``module`` until it ends or nobody wants its result any more. Sync, for minutes.

    The thread that calls has to live as long: the child dies with it. ``on_progress`` is called at least every
    POLL_SECONDS, so that a lease can be kept.
    """
    process = _start(module, job)
    try:
        return _watch(process, on_progress, cancelled)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def child_begin() -> bytes:
    """The child's first call: limits on, then the job."""
    apply_limits()
    return sys.stdin.buffer.readline()


def child_tell(done: int, total: int) -> None:
    os.write(1, b"%d %d\n" % (done, total))


def child_decline(sentence: str) -> None:
    os.write(1, f"! {' '.join(sentence[:MAX_SENTENCE_CHARS].split())}\n".encode())


def _start(module: str, job: bytes) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # llama.cpp names files there, and so would a traceback
        env=scrubbed(dict(os.environ)) | {"PYTHONPATH": str(Path(inference.__path__[0]).parent)},
        start_new_session=True,
        bufsize=0,
    )
    assert process.stdin is not None
    with process.stdin as stdin:
        stdin.write(job + b"\n")
    return process


def _watch(
    process: subprocess.Popen[bytes], on_progress: Callable[[int, int], None], cancelled: Callable[[], bool]
) -> Ending:
    assert process.stdout is not None
    output = process.stdout.fileno()
    done, total, sentence, rest = 0, 0, "", b""
    while not cancelled():
        if select.select([output], [], [], POLL_SECONDS)[0]:
            data = os.read(output, 65536)
            if not data:
                status = process.wait()
                return Ending(sentence=sentence, words=exit_of_status(status).words if status else "")
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if line.startswith(b"! "):
                    sentence = line[2:].decode("utf-8", "replace")
                else:
                    done, total = map(int, line.split())
        on_progress(done, total)
    return Ending(cancelled=True)
