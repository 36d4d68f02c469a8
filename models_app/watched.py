"""Long actions (a pull, a push, a create), each in a thread of its own, and everyone who watches them.

Who asks for what is under way already watches that, from its first line on. When the last of them leaves, it is
cancelled, as Ollama does (server/download.go).
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import threading
from collections.abc import Callable
from typing import Self

from django.db import connections

from inference.errors import ShuttingDown
from models_app.errors import CatalogError, StoreBusy
from models_app.progress import OnProgress, Progress

logger = logging.getLogger(__name__)

MAX_RUNNING = 32

Cancelled = Callable[[], bool]
Run = Callable[[OnProgress, Cancelled], object]


class Actions:
    """The actions of this process, by key. Everything but ``Watcher.close`` belongs to the event loop's thread."""

    def __init__(self, *, max_running: int = MAX_RUNNING) -> None:
        self._max_running = max_running
        self._by_key: dict[str, Action] = {}
        self._n_threads = 0

    def watch(self, key: str, run: Run) -> Watcher:
        """Joins what runs under ``key``, or runs ``run(on_progress, cancelled)``. Raises StoreBusy at the limit."""
        action = self._by_key.get(key)
        if action is None:
            # Threads are counted and not keys: one that was cancelled may still wait for its source.
            if self._n_threads >= self._max_running:
                raise StoreBusy(f"{self._max_running} transfers are running already; try again when one has ended")
            action = self._by_key[key] = Action(on_idle=lambda: self._forget(key, action), on_end=self._thread_ended)
            self._n_threads += 1
            action.start(run)
        return Watcher(action)

    def shut_down(self) -> None:
        """Ends them all. What has come of a transfer is kept, so that the next one goes on from there."""
        for action in list(self._by_key.values()):
            action.abandon(ShuttingDown())

    def _forget(self, key: str, action: Action | None) -> None:
        if self._by_key.get(key) is action:
            del self._by_key[key]

    def _thread_ended(self) -> None:
        self._n_threads -= 1


class Action:
    """One run. ``lines`` are those that tell where it stands: of each layer only the newest."""

    def __init__(self, *, on_idle: Callable[[], None], on_end: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_idle = on_idle
        self._on_end = on_end
        self._cancelled = threading.Event()
        self._watchers: set[Watcher] = set()
        self.lines: dict[tuple[str, str], Progress] = {}
        self.done = False
        self.error: Exception | None = None

    def start(self, run: Run) -> None:
        # A daemon: a source that sends nothing for half a minute must not hold up the server's end.
        work = contextvars.copy_context().run
        threading.Thread(target=work, args=(self._work, run), name="power-transfer", daemon=True).start()

    def join(self, watcher: Watcher) -> None:
        self._watchers.add(watcher)

    def leave(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)
        if not self._watchers:
            self._cancelled.set()
            self._on_idle()

    def abandon(self, error: Exception) -> None:
        self._cancelled.set()
        self._finish(error)

    def _work(self, run: Run) -> None:
        error: Exception | None = None
        try:
            run(self._report, self._cancelled.is_set)
        except Exception as failure:  # noqa: BLE001 - it goes to those who watch, whose wire knows what to say of it
            error = failure
        finally:
            connections.close_all()
            self._on_loop(self._thread_ended, error)

    def _report(self, progress: Progress) -> None:
        self._on_loop(self._tell, progress)

    def _on_loop(self, act: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it everyone who watched
            self._loop.call_soon_threadsafe(act, *arguments)

    def _tell(self, progress: Progress) -> None:
        if self.done:
            return
        key = (progress.status, progress.digest)
        self.lines[key] = progress
        for watcher in self._watchers:
            watcher.tell(key, progress)

    def _thread_ended(self, error: Exception | None) -> None:
        self._on_end()
        self._finish(error)

    def _finish(self, error: Exception | None) -> None:
        if self.done:
            return
        self.done, self.error = True, error
        if error is not None and not self._watchers and not isinstance(error, CatalogError):
            # Nobody is left to be told, and a fault of ours must not go unnoticed. Its text may hold a path.
            logger.error("a transfer that nobody watched any more failed: %s", type(error).__name__)
        self._on_idle()
        for watcher in self._watchers:
            watcher.wake()


class Watcher:
    """An async iterator of lists of lines: all since the last one, and of a layer only its newest.

    Raises what the action failed with once its lines are told. ``close()`` is idempotent and of any thread.
    """

    def __init__(self, action: Action) -> None:
        self._action = action
        self._loop = asyncio.get_running_loop()
        self._lines = dict(action.lines)
        self._awake = asyncio.Event()
        self._closed = False
        action.join(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Progress]:
        await self.ready()
        if not self._lines:
            raise StopAsyncIteration
        lines = list(self._lines.values())
        self._lines.clear()
        return lines

    async def ready(self) -> None:
        """Returns when there is a line, or when all is told. Raises what the action failed with before it."""
        while not self._lines:
            if self._action.error is not None:
                raise self._action.error
            if self._action.done:
                return
            self._awake.clear()
            await self._awake.wait()

    def tell(self, key: tuple[str, str], progress: Progress) -> None:
        self._lines[key] = progress
        self.wake()

    def wake(self) -> None:
        self._awake.set()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._action.leave, self)
