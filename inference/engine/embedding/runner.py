"""The threads that make embeddings of one loaded model, beside those that generate.

The embedding thread starts with the first request. Where the model generates too, it steps behind the chats for a core,
and gives its context back when there has been no work for ``IDLE_SECONDS``.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from inference.engine.backend import EmbedSource
from inference.engine.embedding.embedder import Embedder
from inference.engine.embedding.prepare import EmbedPreparer
from inference.engine.embedding.queue import Job
from inference.engine.embedding.work import EmbedWork
from inference.engine.runner import Publish, RunnerStats
from inference.errors import InferenceError, ModelFailed, RequestCancelled, ShuttingDown
from inference.events import Failed
from inference.request import EmbedRequest

logger = logging.getLogger("inference.embed")

IDLE_SECONDS = 60.0
NICE = 5


class EmbedRunner:
    """Every request that was submitted ends in exactly one Finished or Failed.

    ``submit``, ``cancel``, ``stats`` and ``close`` may be called from any thread; ``publish`` is called by the
    embedding thread, once a decode with all that it has ended, and by the prep thread for a request that fails there.
    ``generates``: the model has chats to run too.
    """

    def __init__(
        self, source: EmbedSource, *, publish: Publish, generates: bool, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._publish = publish
        self._generates = generates
        self._idle_seconds = idle_seconds
        self._preparer = EmbedPreparer(source)
        self._prep = ThreadPoolExecutor(1, thread_name_prefix="prepare-embed")
        self._work = EmbedWork(source, publish=publish, announce=self._announce)
        self._thread = threading.Thread(target=self._run, name="embed", daemon=True)
        # Below: shared between threads, under this condition.
        self._changed = threading.Condition()
        self._preparing: set[int] = set()
        self._added: deque[Job] = deque()
        self._cancelled: deque[int] = deque()
        self._decoding: frozenset[int] = frozenset()
        self._embedder: Embedder | None = None
        self._closed = False

    @property
    def is_open(self) -> bool:
        """Whether it holds a context of llama.cpp's right now."""
        return self._work.embedder is not None

    def submit(self, request_id: int, request: EmbedRequest) -> None:
        with self._changed:
            closed = self._closed
            if not closed:
                if self._thread.ident is None:
                    self._thread.start()
                self._preparing.add(request_id)
                self._prep.submit(self._prepare, request_id, request)
        if closed:
            self._publish([(request_id, Failed.of(ShuttingDown()))])

    def cancel(self, request_id: int) -> None:
        """Unknown and finished ids are ignored. A decode that works for nobody else is stopped."""
        with self._changed:
            self._preparing.discard(request_id)
            self._cancelled.append(request_id)
            self._changed.notify()
            if self._decoding == {request_id} and self._embedder is not None:
                self._embedder.abort()

    def stats(self) -> RunnerStats:
        with self._changed:
            n_waiting = len(self._preparing) + len(self._added)
        return RunnerStats(n_waiting=n_waiting, n_running=self._work.n_jobs, n_steps=self._work.n_steps)

    def close(self) -> None:
        """Ends every request and frees the context. Idempotent; returns when the thread is gone."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            if self._embedder is not None:
                self._embedder.abort()
        self._prep.shutdown(wait=True)
        if self._thread.ident is not None:
            self._thread.join()

    # -- prep thread

    def _prepare(self, request_id: int, request: EmbedRequest) -> None:
        try:
            prepared = self._preparer.prepare(request)
            job = Job.of(request_id, request, prepared.tokens, n_dropped=prepared.n_dropped)
        except InferenceError as error:
            self._refuse(request_id, error)
        except Exception as error:  # noqa: BLE001 - one request's trouble must not be everybody's
            logger.error("preparing inputs failed: %s", type(error).__name__)
            self._refuse(request_id, ModelFailed("the inputs could not be prepared"))
        else:
            self._hand_over(job)

    def _hand_over(self, job: Job) -> None:
        with self._changed:
            wanted = job.request_id in self._preparing and not self._closed
            self._preparing.discard(job.request_id)
            if wanted:
                self._added.append(job)
                self._changed.notify()
        if not wanted:
            self._refuse(job.request_id, ShuttingDown() if self._closed else RequestCancelled())

    def _refuse(self, request_id: int, error: InferenceError) -> None:
        with self._changed:
            self._preparing.discard(request_id)
        self._publish([(request_id, Failed.of(error))])

    # -- embedding thread

    def _run(self) -> None:
        if self._generates:
            step_behind()
        while self._take_commands():
            self._guarded_step()
        with self._changed:
            added, self._added = self._added, deque()
        for job in added:
            self._refuse(job.request_id, ShuttingDown())
        self._work.fail_all(ShuttingDown())
        self._work.release()

    def _take_commands(self) -> bool:
        """Sleeps while there is nothing to do, and frees the context when that is long; False once it is closed."""
        with self._changed:
            self._decoding, self._embedder = frozenset(), None
            may_free = self._generates and self.is_open
            in_time = self._changed.wait_for(self._has_work, self._idle_seconds if may_free else None)
            added, self._added = self._added, deque()
            cancelled, self._cancelled = self._cancelled, deque()
            closed = self._closed
        if not in_time:
            self._work.release()
        for job in added:
            self._work.add(job)
        for request_id in cancelled:
            self._work.cancel(request_id)
        return not closed

    def _has_work(self) -> bool:
        return bool(self._closed or self._added or self._cancelled or self._work.n_jobs)

    def _guarded_step(self) -> None:
        try:
            self._work.step()
        except Exception:
            logger.exception("embedding failed")
            self._work.fail_all(ModelFailed("the embeddings could not be made"))
            self._work.release()

    def _announce(self, request_ids: frozenset[int], embedder: Embedder) -> None:
        """From here on cancelling the only request of this decode aborts it, now or as soon as it starts."""
        with self._changed:
            self._decoding, self._embedder = request_ids, embedder
            if self._closed or not request_ids.isdisjoint(self._cancelled):
                embedder.abort()


def step_behind() -> None:
    """This thread, and those that llama.cpp starts from it, leave a chat three quarters of a core they both want."""
    # Elsewhere a priority belongs to a process, and would slow the chats down too.
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
