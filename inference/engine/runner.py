"""The decode thread of one loaded model, and the small pool that prepares requests for it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from inference.config import LoadOptions
from inference.engine.backend import Backend
from inference.engine.batch import Batch
from inference.events import Event, Failed, Finished, Started, TextDelta
from inference.request import GenerateRequest, TextPrompt

Publish = Callable[[list[tuple[int, Event]]], None]


class RunnerStats(Struct, frozen=True, kw_only=True):
    """``n_waiting`` requests have no lane yet, ``n_running`` have; ``n_steps`` since the start."""

    n_waiting: int = 0
    n_running: int = 0
    n_steps: int = 0
    n_cells_used: int = 0
    n_cells: int = 0


class Runner:
    """``submit``, ``cancel`` and ``stats`` from any thread; ``publish`` runs on the decode thread."""

    def __init__(self, backend: Backend, *, options: LoadOptions, publish: Publish) -> None:
        self._backend = backend
        self._options = options
        self._publish = publish
        self._wake = threading.Condition()
        self._waiting: deque[tuple[int, GenerateRequest]] = deque()
        self._cancelled: set[int] = set()
        self._running: set[int] = set()
        self._closed = False
        self._n_steps = 0
        self._thread = threading.Thread(target=self._run, name="decode", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, request_id: int, request: GenerateRequest) -> None:
        with self._wake:
            self._waiting.append((request_id, request))
            self._wake.notify()

    def cancel(self, request_id: int) -> None:
        with self._wake:
            self._cancelled.add(request_id)

    def stats(self) -> RunnerStats:
        with self._wake:
            return RunnerStats(
                n_waiting=len(self._waiting),
                n_running=len(self._running),
                n_steps=self._n_steps,
                n_cells=self._backend.info.n_cells,
            )

    def close(self) -> None:
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._backend.abort()
        if self._thread.ident is not None:
            self._thread.join()
        self._backend.close()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._closed or self._waiting)
                if self._closed:
                    return
                request_id, request = self._waiting.popleft()
                self._running = {request_id}
            self._generate(request_id, request)
            self._running = set()

    def _generate(self, request_id: int, request: GenerateRequest) -> None:
        backend = self._backend
        text = request.prompt.text if isinstance(request.prompt, TextPrompt) else repr(request.prompt)
        tokens = backend.tokenize(text, add_special=True, parse_special=True)
        backend.seq_rm(0, -1, -1)
        sampler = backend.new_sampler(request.sampling, tokens)
        self._publish([(request_id, Started(len(tokens), 0, backend.info.n_ctx))])
        batch = Batch(backend.info.n_batch)
        n_past, pending, n = 0, tokens, 0
        while True:
            if self._closed or request_id in self._cancelled:
                self._publish([(request_id, Failed("RequestCancelled", "request canceled"))])
                return
            batch.clear()
            chunk, pending = pending[: batch.capacity], pending[batch.capacity :]
            row = batch.add(0, chunk, n_past, output=not pending)
            backend.decode(batch)
            self._n_steps += 1
            n_past += len(chunk)
            if pending:
                continue
            token = backend.sample(sampler, row)
            if backend.is_eog(token) or n == request.num_predict:
                reason = "stop" if backend.is_eog(token) else "length"
                self._publish([(request_id, Finished(reason, len(tokens), 0, n, 0.0, 0.0))])  # type: ignore[arg-type]
                return
            n += 1
            self._publish([(request_id, TextDelta(backend.piece(token).decode(errors="replace")))])
            pending = [token]
