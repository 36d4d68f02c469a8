"""What a chat asks of the terminal itself: its width, a spinner, and silence while an answer is written."""

from __future__ import annotations

import os
import sys
import termios
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

_FALLBACK_COLUMNS = 80


def columns() -> int:
    """The width of standard output."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or _FALLBACK_COLUMNS
    except OSError:
        return _FALLBACK_COLUMNS


def spinner() -> AbstractContextManager[object]:
    """On standard error, gone when what was waited for is there."""
    from rich.console import Console

    return Console(stderr=True).status("")


@contextmanager
def unechoed() -> Iterator[None]:
    """What is typed ahead is not shown in the midst of an answer; the next prompt gets it. Ctrl-C works as ever."""
    try:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (OSError, ValueError, termios.error):  # no terminal
        yield
        return
    quiet = before.copy()
    quiet[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSANOW, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)
