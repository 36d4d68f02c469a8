"""Why a worker ended, as a label for metrics and in words for the caller."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

_WORDS = {
    signal.SIGSEGV: "segmentation fault",
    signal.SIGABRT: "aborted",
    signal.SIGBUS: "bus error: the model file may have been changed",
    signal.SIGKILL: "killed, perhaps for lack of memory",
    signal.SIGILL: "illegal instruction: llama.cpp was built for another processor",
    signal.SIGFPE: "arithmetic error",
}


@dataclass(frozen=True, slots=True)
class Exit:
    """``label`` is one of few values (``SIGSEGV``, ``hang``, ``stopped``, ``status 1`` ...)."""

    label: str
    words: str

    @property
    def crashed(self) -> bool:
        """Nobody asked for it, and it says something of the next try."""
        return self.label not in {"stopped", "load_timeout", "not started"}

    @property
    def may_be_out_of_memory(self) -> bool:
        """The kernel's OOM killer uses SIGKILL, and so does nobody else during a load."""
        return self.label == "SIGKILL"


STOPPED = Exit("stopped", "stopped")
THREAD_ENDED = Exit("ended", "the worker's thread ended")
UNRESPONSIVE = Exit("closed", "closed its connection")
NOT_STARTED = Exit("not started", "could not be started")
PROTOCOL = Exit("protocol", "sent an unreadable message")


def hung(seconds: float) -> Exit:
    return Exit("hang", f"no progress for {seconds:.0f} seconds")


def load_stalled(seconds: float) -> Exit:
    return Exit("load_timeout", f"no load progress for {seconds:.0f} seconds")


def exit_of_status(status: int) -> Exit:
    """``status`` is a Popen's returncode, negative for a signal; a shell's 128 + signal means the same."""
    if status == os.EX_SOFTWARE:
        return Exit("decode failed", "the decode thread failed")
    number = -status if status < 0 else status - 128
    if number not in set(signal.Signals):
        return Exit(f"status {status}", f"exited with status {status}")
    name = signal.Signals(number).name
    words = _WORDS.get(signal.Signals(number))
    return Exit(name, f"{words} ({name})" if words else name)
