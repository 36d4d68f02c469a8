"""Embeddings, decode by decode: opens the context, packs inputs, reads vectors, says what came of each request.

Everything here runs on the embedding thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import numpy as np

from inference.engine.backend import Aborted, CacheFull, EmbedSource
from inference.engine.batch import Batch
from inference.engine.embedding.embedder import Embedder, finished_vector
from inference.engine.embedding.queue import EmbedQueue, Input, Job, Piece
from inference.engine.runner import Publish
from inference.errors import DecodeFailed, InferenceError, ModelFailed, NotSupported, RequestCancelled
from inference.events import Embedded, Event, Failed, Finished, Started

logger = logging.getLogger("inference.embed")

# Tokens of a lane's good decode. Each attends over all of them, masked: twice as many take more than twice.
TARGET_TOKENS = 256
# A context is opened with room for this much at least, and again with more when a longer input comes.
MIN_CELLS = 2048

Announce = Callable[[frozenset[int], Embedder], None]


class EmbedWork:
    """``announce(request_ids, embedder)`` is called before each decode with those it works for."""

    def __init__(self, source: EmbedSource, *, publish: Publish, announce: Announce) -> None:
        self._source = source
        self._publish = publish
        self._announce = announce
        self.embedder: Embedder | None = None
        self.n_steps = 0
        self._queue: EmbedQueue | None = None
        self._batch = Batch(0)

    @property
    def n_jobs(self) -> int:
        return 0 if self._queue is None else len(self._queue.jobs)

    def add(self, job: Job) -> None:
        """A request begins; it fails at once where the model can't embed."""
        job.started_at = time.monotonic()
        try:
            queue = self._opened(job.longest)
            self._check(job)
        except InferenceError as error:
            self._publish([(job.request_id, Failed.of(error))])
            return
        queue.add(job)
        n_ctx = job.request.context_length(self._source.info.n_ctx)
        started = Started(n_prompt=job.n_tokens, n_cached=0, n_ctx=n_ctx, n_dropped_tokens=job.n_dropped)
        self._publish([(job.request_id, started)])
        if not job.n_unfinished:
            self._publish(self._end(job))

    def cancel(self, request_id: int) -> None:
        if self._queue is not None and request_id in self._queue.jobs:
            self._fail(self._queue.jobs[request_id], RequestCancelled())

    def step(self) -> None:
        """One decode, if there is work."""
        if self.embedder is None or self._queue is None or not self._queue.jobs:
            return
        pieces = self._queue.schedule(self._batch)
        self._announce(frozenset(piece.input.job.request_id for piece in pieces), self.embedder)
        try:
            self.embedder.decode(self._batch)
        except Aborted:
            self._rollback()
        except (CacheFull, DecodeFailed) as error:
            logger.warning("llama.cpp refused a batch of %d tokens to embed", self._batch.n_tokens)
            self._isolate(pieces, error)
        else:
            self._deliver(self._queue.complete(pieces))
        self.n_steps += 1

    def fail_all(self, error: InferenceError) -> None:
        for job in list(self._queue.jobs.values()) if self._queue is not None else ():
            self._fail(job, error)

    def release(self) -> None:
        """Frees the context, and what its memory holds with it."""
        embedder, self.embedder, self._queue = self.embedder, None, None
        if embedder is not None:
            embedder.close()

    def _opened(self, n_longest: int) -> EmbedQueue:
        """Raises InferenceError; then those that were at work have failed too."""
        if self._queue is not None and self.embedder is not None and n_longest <= self.embedder.info.n_cells:
            return self._queue
        jobs = self._set_aside()
        self.release()
        try:
            n_cells = min(max(MIN_CELLS, n_longest), max(n_longest, self._source.info.n_ctx))
            self.embedder = self._source.open_embedder(n_cells=n_cells)
        except InferenceError as error:
            self._publish([(job.request_id, Failed.of(error)) for job in jobs])
            raise
        self._batch = Batch(self.embedder.info.n_batch)
        self._queue = EmbedQueue(self.embedder.info, target=TARGET_TOKENS * self.embedder.info.n_lanes)
        for job in jobs:
            self._queue.add(job)
        return self._queue

    def _check(self, job: Job) -> None:
        assert self.embedder is not None
        if self.embedder.info.ranks and job.request.query is None:
            raise NotSupported("this model ranks texts and does not embed them")

    def _set_aside(self) -> list[Job]:
        if self._queue is None:
            return []
        self._queue.rollback()
        return list(self._queue.jobs.values())

    def _deliver(self, ended: list[tuple[Input, int]]) -> None:
        events: list[tuple[int, Event]] = []
        for job, inputs in _by_job(ended).items():
            try:
                data = b"".join([self._vector(job, seq_id) for _, seq_id in inputs])
            except ModelFailed as error:
                self._fail(job, error)
                continue
            events.append((job.request_id, Embedded(tuple(each.index for each, _ in inputs), data)))
            events += [] if job.n_unfinished else self._end(job)
        for _, seq_id in ended:
            self._forget(seq_id)
        if events:
            self._publish(events)

    def _vector(self, job: Job, seq_id: int) -> bytes:
        assert self.embedder is not None
        asked = job.request
        normalize = self.embedder.info.normalizes if asked.normalize is None else asked.normalize
        vector = finished_vector(self.embedder.vector(seq_id), dimensions=asked.dimensions, normalize=normalize)
        return vector.astype(np.dtype("<f4"), copy=False).tobytes()

    def _end(self, job: Job) -> list[tuple[int, Event]]:
        assert self._queue is not None
        self._queue.remove(job.request_id)
        finished = Finished(
            reason="stop",
            n_prompt=job.n_tokens,
            n_cached=0,
            n_generated=0,
            prompt_seconds=time.monotonic() - job.started_at,
            decode_seconds=0.0,
        )
        return [(job.request_id, finished)]

    def _fail(self, job: Job, error: InferenceError) -> None:
        assert self._queue is not None
        for seq_id in self._queue.remove(job.request_id):
            self._forget(seq_id)
        self._publish([(job.request_id, Failed.of(error))])

    def _isolate(self, pieces: list[Piece], error: Exception) -> None:
        """One of the batch is to blame: each request decodes alone until it is found."""
        assert self._queue is not None
        jobs = {piece.input.job for piece in pieces}
        self._rollback()
        self._queue.alone = len(jobs) > 1
        if len(jobs) == 1:
            failure = error if isinstance(error, InferenceError) else DecodeFailed("no room for the input")
            self._fail(jobs.pop(), failure)

    def _rollback(self) -> None:
        assert self._queue is not None
        for seq_id in self._queue.rollback():
            self._forget(seq_id)

    def _forget(self, seq_id: int) -> None:
        assert self.embedder is not None
        self.embedder.forget(seq_id)


def _by_job(ended: list[tuple[Input, int]]) -> dict[Job, list[tuple[Input, int]]]:
    found: dict[Job, list[tuple[Input, int]]] = {}
    for each, seq_id in ended:
        found.setdefault(each.job, []).append((each, seq_id))
    return found
