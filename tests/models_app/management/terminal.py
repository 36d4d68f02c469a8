"""A command on a terminal of its own, typed into and read as a person does."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.models_app.management.commands import ROOT, environment

_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")


class Terminal:
    """``power`` with ``arguments``; ``settings`` are Power's. A context that leaves no process."""

    def __init__(self, home: Path, *arguments: str, **settings: object) -> None:
        ours, theirs = pty.openpty()
        # The answer to where the cursor is would have to come from a real terminal.
        variables = environment(home, **settings) | {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=variables, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            preexec_fn=lambda: pty_become_ours(theirs),
        )  # fmt: skip
        os.close(theirs)
        self._descriptor = ours
        self._seen = ""

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def read_until(self, text: str, *, timeout_seconds: float = 60) -> str:
        """What was written since the last call, up to and with ``text``; without the sequences that steer."""
        deadline = time.monotonic() + timeout_seconds
        while text not in (plain := _SEQUENCE.sub("", self._seen)):
            assert time.monotonic() < deadline, f"{text!r} does not come; this did: {plain[-2000:]!r}"
            self._read_some()
        before, _, self._seen = plain.partition(text)
        return before + text

    def wait(self, *, timeout_seconds: float = 60) -> int:
        """The exit code."""
        deadline = time.monotonic() + timeout_seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read_some()
        return self.process.wait(timeout=1)

    def _read_some(self) -> None:
        if select.select([self._descriptor], [], [], 0.05)[0]:
            try:
                self._seen += os.read(self._descriptor, 65536).decode("utf-8", "replace")
            except OSError:  # the other end is closed: the command has ended
                time.sleep(0.05)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=10)
        os.close(self._descriptor)


def pty_become_ours(descriptor: int) -> None:
    """In the new process: Ctrl-C typed into this terminal becomes its SIGINT."""
    import fcntl
    import termios

    fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)
