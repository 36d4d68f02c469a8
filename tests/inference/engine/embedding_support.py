"""Reading what an embedding runner publishes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from inference.engine.embedding.embedder import Vector
from inference.events import Embedded, Event, Failed, Finished

LIMIT_SECONDS = 20.0


class Published:
    """``publish`` of any thread. ``vectors`` of a request by the index of their input."""

    def __init__(self) -> None:
        self.frames: list[list[tuple[int, Event]]] = []
        self._changed = threading.Condition()

    def publish(self, events: list[tuple[int, Event]]) -> None:
        with self._changed:
            self.frames.append(events)
            self._changed.notify_all()

    def of(self, request_id: int) -> list[Event]:
        return [event for frame in list(self.frames) for each, event in frame if each == request_id]

    def end(self, request_id: int) -> Finished | Failed:
        self.wait(lambda: bool(self._ends(request_id)))
        (end,) = self._ends(request_id)
        return end

    def _ends(self, request_id: int) -> list[Finished | Failed]:
        return [event for event in self.of(request_id) if isinstance(event, Finished | Failed)]

    def vectors(self, request_id: int) -> dict[int, Vector]:
        found: dict[int, Vector] = {}
        for event in self.of(request_id):
            if isinstance(event, Embedded):
                rows = np.frombuffer(event.data, "<f4").reshape(len(event.indexes), -1)
                assert not found.keys() & set(event.indexes), "an input is answered once"
                found |= dict(zip(event.indexes, rows, strict=True))
        return found

    def wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT_SECONDS
        with self._changed:
            while not condition():
                assert time.monotonic() < deadline, "it never happened"
                self._changed.wait(0.02)
