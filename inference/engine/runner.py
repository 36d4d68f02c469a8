"""The decode thread of one loaded model, and the small pool of threads that prepare requests for it."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from inference.config import LoadOptions
from inference.engine.backend import Aborted, Backend, CacheFull
from inference.engine.constraints import lazy_matcher_for, matcher_for, new_compiler
from inference.engine.prepare import Prepared, Preparer
from inference.engine.scheduler import Scheduler
from inference.engine.sequence import Sequence
from inference.engine.step import Step
from inference.engine.thinking import preserved_pieces, watch_thinking
from inference.errors import DecodeFailed, InferenceError, ModelFailed, RequestCancelled, ShuttingDown
from inference.events import Event, Failed, Finished, Started, TextDelta
from inference.request import GenerateRequest, Prompt, images_of

logger = logging.getLogger("inference.runner")

Publish = Callable[[list[tuple[int, Event]]], None]
NUM_PREP_THREADS = 2


class RunnerStats(Struct, frozen=True, kw_only=True):
    """``n_waiting`` requests are being prepared or have no lane, ``n_running`` have one; ``n_steps`` since start."""

    n_waiting: int = 0
    n_running: int = 0
    n_steps: int = 0
    n_cells_used: int = 0
    n_cells: int = 0


class Runner:
    """Every request that was submitted ends in exactly one Finished or Failed.

    ``start``, ``submit``, ``cancel``, ``stats`` and ``close`` may be called from any thread. ``publish`` is called by
    the decode thread, once a step with all of its tokens, and by a prep thread for a request that fails there.
    """

    def __init__(self, backend: Backend, *, options: LoadOptions, publish: Publish) -> None:
        self._backend = backend
        self._publish = publish
        self.preparer = Preparer(backend)
        self._scheduler = Scheduler(backend, num_parallel=options.num_parallel, clock=time.monotonic)
        self._prep = ThreadPoolExecutor(NUM_PREP_THREADS, thread_name_prefix="prepare")
        # Encoding an image takes seconds on a small machine, and mtmd does one at a time: prompts of text don't queue
        # behind it.
        self._media = ThreadPoolExecutor(1, thread_name_prefix="media")
        # Nor behind a schema that takes its seconds until it is refused.
        self._constraining = ThreadPoolExecutor(NUM_PREP_THREADS, thread_name_prefix="constrain")
        self._compiler = new_compiler(backend)
        self._decode_thread = threading.Thread(target=self._run, name="decode", daemon=True)
        self._arrivals = itertools.count(1)
        # Below: shared between threads, under this condition.
        self._changed = threading.Condition()
        self._preparing: set[int] = set()
        self._added: deque[Sequence] = deque()
        self._cancelled: deque[int] = deque()
        self._prefilling: frozenset[int] = frozenset()
        self._closed = False
        self._stats = RunnerStats(n_cells=backend.info.n_cells)

    def start(self) -> None:
        self._decode_thread.start()

    @property
    def is_alive(self) -> bool:
        """False before ``start``, after ``close``, and when the decode thread failed: it takes no requests then."""
        return self._decode_thread.is_alive()

    def submit(self, request_id: int, request: GenerateRequest) -> None:
        with self._changed:
            closed = self._closed
            if not closed:
                self._preparing.add(request_id)
                arrival = next(self._arrivals)
                threads = self.threads_for(request.prompt, is_constrained=request.constraint is not None)
                threads.submit(self._prepare, request_id, request, arrival, time.monotonic())
        if closed:
            self._publish([(request_id, Failed.of(ShuttingDown()))])

    def threads_for(self, prompt: Prompt, *, is_constrained: bool = False) -> ThreadPoolExecutor:
        """Where a prompt is prepared."""
        if images_of(prompt):
            return self._media
        return self._constraining if is_constrained else self._prep

    def cancel(self, request_id: int) -> None:
        """Unknown and finished ids are ignored."""
        with self._changed:
            self._preparing.discard(request_id)
            self._cancelled.append(request_id)
            self._changed.notify()
            if request_id in self._prefilling:
                self._backend.abort()

    def stats(self) -> RunnerStats:
        with self._changed:
            stats = self._stats
            n_more = len(self._preparing) + len(self._added)
        return RunnerStats(
            n_waiting=stats.n_waiting + n_more,
            n_running=stats.n_running,
            n_steps=stats.n_steps,
            n_cells_used=stats.n_cells_used,
            n_cells=stats.n_cells,
        )

    def close(self) -> None:
        """Ends every request and frees the model. Idempotent; returns when the decode thread is gone."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            self._backend.abort()
        self._prep.shutdown(wait=True)
        self._media.shutdown(wait=True)
        self._constraining.shutdown(wait=True)
        if self._decode_thread.ident is not None:
            self._decode_thread.join()
        self._backend.close()

    # -- prep threads

    def _prepare(self, request_id: int, request: GenerateRequest, arrival: int, submitted_at: float) -> None:
        try:
            self._check_wanted(request_id)
            prepared = self.preparer.prepare(request, is_wanted=lambda: self._is_wanted(request_id))
            if request.render_only:
                self._show(request_id, prepared)
                return
            sequence = self._sequence(request_id, request, prepared, arrival, submitted_at)
        except InferenceError as error:
            self._refuse(request_id, error)
        except Exception as error:  # noqa: BLE001 - one request's trouble must not be everybody's
            logger.error("preparing a request failed: %s", type(error).__name__)
            self._refuse(request_id, ModelFailed("the request could not be prepared"))
        else:
            self._hand_over(sequence)

    def _check_wanted(self, request_id: int) -> None:
        """A request that was given up in the queue is not worth its preparation."""
        if not self._is_wanted(request_id):
            raise ShuttingDown if self._closed else RequestCancelled

    def _is_wanted(self, request_id: int) -> bool:
        with self._changed:
            return request_id in self._preparing and not self._closed

    def _show(self, request_id: int, prepared: Prepared) -> None:
        """The prompt is the answer, and no slot was needed for it."""
        n_prompt = len(prepared.tokens)
        finished = Finished(
            reason="stop", n_prompt=n_prompt, n_cached=0, n_generated=0, prompt_seconds=0.0, decode_seconds=0.0
        )
        started = Started(
            n_prompt=n_prompt,
            n_cached=0,
            n_ctx=self._backend.info.n_ctx,
            n_dropped_messages=prepared.n_dropped_messages,
            n_dropped_tokens=prepared.n_dropped_tokens,
        )
        with self._changed:
            self._preparing.discard(request_id)
        self._publish([(request_id, event) for event in (started, TextDelta(prepared.text, n_tokens=0), finished)])

    def _sequence(
        self, request_id: int, request: GenerateRequest, prepared: Prepared, arrival: int, submitted_at: float
    ) -> Sequence:
        thinking = watch_thinking(self._backend, request, prepared.text)
        matcher = matcher_for(self._compiler, request, thinking)  # before the sampler: it may be refused
        lazy = lazy_matcher_for(self._compiler, request)
        return Sequence(
            request_id,
            request,
            prepared.tokens,
            sampler=self._backend.new_sampler(request.sampling, prepared.tokens),
            arrival=arrival,
            submitted_at=submitted_at,
            n_dropped_messages=prepared.n_dropped_messages,
            n_dropped_tokens=prepared.n_dropped_tokens,
            preserved=preserved_pieces(self._backend, request.preserved),
            media=prepared.media,
            thinking=thinking,
            matcher=matcher,
            lazy=lazy,
        )

    def _hand_over(self, sequence: Sequence) -> None:
        with self._changed:
            wanted = sequence.request_id in self._preparing and not self._closed
            self._preparing.discard(sequence.request_id)
            if wanted:
                self._added.append(sequence)
                self._changed.notify()
        if not wanted:
            self._backend.free_sampler(sequence.sampler)
            self._refuse(sequence.request_id, ShuttingDown() if self._closed else RequestCancelled())

    def _refuse(self, request_id: int, error: InferenceError) -> None:
        with self._changed:
            self._preparing.discard(request_id)
        self._publish([(request_id, Failed.of(error))])

    # -- decode thread

    def _run(self) -> None:
        reason: InferenceError = ShuttingDown()
        try:
            self._loop()
        except Exception:
            logger.exception("the decode thread failed")
            reason = ModelFailed("the model runner failed")
        with self._changed:
            self._closed = True
            added, self._added = self._added, deque()
        for sequence in added:
            self._scheduler.add(sequence)
        self._scheduler.close(reason)
        self._publish_events()

    def _loop(self) -> None:
        while self._take_commands():
            step = self._scheduler.schedule()
            self._publish_events()  # Started and cancellations don't wait for a prefill
            if step is not None:
                self._announce(step)
                self._decode(step)
                self._publish_events()

    def _take_commands(self) -> bool:
        """Sleeps while there is nothing to do; False once the runner is closed."""
        with self._changed:
            self._prefilling = frozenset()
            self._update_stats()
            self._changed.wait_for(self._has_work)
            added, self._added = self._added, deque()
            cancelled, self._cancelled = self._cancelled, deque()
            closed = self._closed
        for sequence in added:
            self._scheduler.add(sequence)
        for request_id in cancelled:
            self._scheduler.cancel(request_id)
        return not closed

    def _has_work(self) -> bool:
        return bool(self._closed or self._added or self._cancelled or not self._scheduler.is_idle)

    def _update_stats(self) -> None:
        self._stats = RunnerStats(
            n_waiting=len(self._scheduler.lanes.waiting),
            n_running=len(self._scheduler.lanes.running),
            n_steps=self._scheduler.n_steps,
            n_cells_used=self._scheduler.slots.ledger.n_used,
            n_cells=self._stats.n_cells,
        )

    def _announce(self, step: Step) -> None:
        """From here on a cancelled request of this step's prefill aborts the decode, now or as soon as it starts."""
        prefilling = step.prefilling
        with self._changed:
            self._prefilling = prefilling
            if self._closed or not prefilling.isdisjoint(self._cancelled):
                self._backend.abort()

    def _decode(self, step: Step) -> None:
        try:
            if step.media is not None:
                self._backend.decode_media(step.media)
            else:
                self._backend.decode(step.batch)
        except Aborted:
            self._scheduler.rollback(step)
        except CacheFull:
            self._scheduler.relieve(step)
        except DecodeFailed as error:
            logger.warning("llama.cpp refused a batch of %d tokens", step.n_tokens)
            self._scheduler.isolate(step, error)
        else:
            self._scheduler.complete(step)

    def _publish_events(self) -> None:
        events = self._scheduler.take_events()
        if events:
            self._publish(events)
