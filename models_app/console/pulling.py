"""A pull from the command line: its progress shown, Ctrl-C obeyed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from models_app.console.progress import progress_writer
from models_app.errors import TransferCancelled

if TYPE_CHECKING:
    from models_app.console.client import Client
    from models_app.entries import ModelEntry

# How long a pull may take to notice that it was cancelled, in a read that blocks for instance.
_PATIENCE_SECONDS = 2.0


def pull(*, source: str, name: str | None, stream: TextIO, as_json: bool = False) -> ModelEntry:
    """Pull and show it on ``stream``. Raises CatalogError, and KeyboardInterrupt when Ctrl-C ended it."""
    from models_app.services.pull import model_pull

    with progress_writer(stream, as_json=as_json) as writer, ctrl_c_cancels() as cancelled:
        try:
            return model_pull(source=source, name=name, on_progress=writer.show, cancelled=cancelled, record_job=True)
        except TransferCancelled as error:
            raise KeyboardInterrupt from error


def remote_pull(client: Client, *, name: str, insecure: bool, stream: TextIO) -> None:
    """Has a running server pull, and shows that on ``stream``. Raises ServerError."""
    from models_app.progress import Progress

    lines = client.stream("/api/pull", {"model": name, "insecure": insecure})
    try:
        with progress_writer(stream) as writer:
            for line in lines:
                writer.show(
                    Progress(
                        status=str(line.get("status") or ""),
                        digest=str(line.get("digest") or ""),
                        total=int(line.get("total") or 0),
                        completed=int(line.get("completed") or 0),
                    )
                )
    finally:
        lines.close()


@contextmanager
def ctrl_c_cancels() -> Iterator[Callable[[], bool]]:
    """Ask whether Ctrl-C was pressed: what it stops can then tidy up. A second one, or too long a wait, interrupts."""
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return

    def press(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGALRM or pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE_SECONDS)

    before = {number: signal.signal(number, press) for number in (signal.SIGINT, signal.SIGALRM)}
    try:
        yield pressed.is_set
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
