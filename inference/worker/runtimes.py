"""Where a worker's code runs: a process of its own, or a thread of this one. Both give the other end of a
socketpair."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import inference
from inference.worker.exits import THREAD_ENDED, Exit, exit_of_status
from inference.worker.limits import scrubbed

logger = logging.getLogger(__name__)


class Runtime(Protocol):
    """One running worker, seen from the server. ``pid`` is None for a thread."""

    @property
    def pid(self) -> int | None: ...

    def kill(self) -> None: ...

    def exit(self) -> Exit | None:
        """Why it ended; None while it runs. Never blocks."""


_OWN_ENVIRONMENT = {
    "PYTHONPATH": str(Path(inference.__path__[0]).parent),
    # numpy only holds arrays there; its threads for matrix products would cost time and memory.
    "OPENBLAS_NUM_THREADS": "1",
    # Asks for huge pages under the KV cache, which every token reads all of. Measured with 8 sequences: 2 % of a step.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}

Launch = Callable[[], tuple[socket.socket, Runtime]]


class ProcessRuntime:
    """A child process, in a session of its own. It dies with the thread that launches it (PR_SET_PDEATHSIG), so that
    has to be the event loop's."""

    def __init__(self, child_socket: socket.socket) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", "inference.worker.main", str(child_socket.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # llama.cpp names files there, and a traceback could quote a prompt: only for someone who debugs.
            stderr=None if logger.isEnabledFor(logging.DEBUG) else subprocess.DEVNULL,
            pass_fds=[child_socket.fileno()],
            env=scrubbed(dict(os.environ)) | _OWN_ENVIRONMENT,
            start_new_session=True,
        )

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def kill(self) -> None:
        self._process.kill()

    def exit(self) -> Exit | None:
        status = self._process.poll()
        return None if status is None else exit_of_status(status)


class InlineRuntime:
    """A thread of this process: for tests and one-shot commands. A crash takes everything with it, and ``kill`` can't
    end a thread: a worker that hangs is cut off and left behind."""

    def __init__(self, worker_socket: socket.socket) -> None:
        self._socket = worker_socket
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        return None

    def kill(self) -> None:
        # The reader sees the end of its socket. Closing happens on its own thread.
        if self._thread.is_alive():
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                logger.debug("the inline worker had closed its socket already")

    def exit(self) -> Exit | None:
        return None if self._thread.is_alive() else THREAD_ENDED

    def _run(self) -> None:
        from inference.worker.main import Worker

        worker = Worker(self._socket)
        try:
            worker.run()
        finally:
            worker.close()


def launch_process() -> tuple[socket.socket, Runtime]:
    """A worker process; the event loop's thread only. Returns within milliseconds, before Python has started there."""
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            return ours, ProcessRuntime(theirs)
    except BaseException:
        ours.close()
        raise


def launch_inline() -> tuple[socket.socket, Runtime]:
    ours, theirs = socket.socketpair()
    return ours, InlineRuntime(theirs)
