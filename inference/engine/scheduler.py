"""Which tokens go into the next decode, and what came out of the last one. No threads; the clock is the caller's.

One step: ``schedule`` → backend.decode → ``complete`` (or ``rollback`` where the decode did not succeed). Every step
carries one token of each decoding sequence and fills up with prefill. ``num_parallel`` sequences have a lane at a time;
when others wait, a sequence gives its lane up after ``QUANTUM`` tokens and queues again, keeping its cells while there
is room for them.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable

from inference.engine.backend import Backend
from inference.engine.batch import Batch
from inference.engine.completion import Completion
from inference.engine.int_buffer import common_prefix
from inference.engine.sequence import Sequence, State
from inference.engine.slots import Slot, Slots
from inference.engine.step import Chunk, PrefillPace, Step
from inference.errors import DecodeFailed, InferenceError, RequestCancelled
from inference.events import Event, Failed, Started

QUANTUM = 64
# Waiting for a shorter prefix than this costs more than prefilling it again.
MIN_SHARED = 32


class Scheduler:
    """Owned by the decode thread. ``take_events`` gives what has happened since the last call, in order."""

    def __init__(
        self, backend: Backend, *, num_parallel: int, clock: Callable[[], float], quantum: int = QUANTUM
    ) -> None:
        self._backend = backend
        self._num_lanes = max(1, min(num_parallel, backend.info.n_seq_max))
        self._clock = clock
        self._quantum = quantum
        self._events: list[tuple[int, Event]] = []
        self._ticket = 0
        self._isolated: list[Sequence] = []
        self._head_is_blocked = False
        self._n_batch = backend.info.n_batch
        self._pace = PrefillPace(backend.info.n_batch)
        self._step = Step(Batch(backend.info.n_batch))
        self._step_started = 0.0
        self.n_steps = 0
        self.slots = Slots(backend)
        self._completion = Completion(backend, self.slots, clock)
        self.waiting: list[Sequence] = []
        self.lanes: list[Sequence] = []

    # -- what the runner tells us

    def add(self, sequence: Sequence) -> None:
        self._ticket = max(self._ticket, sequence.ticket)
        insort(self.waiting, sequence, key=_by_ticket)

    def cancel(self, request_id: int) -> None:
        for sequence in (*self.lanes, *self.waiting):
            if sequence.request_id == request_id:
                self._fail(sequence, RequestCancelled())
                return

    def close(self, error: InferenceError) -> None:
        for sequence in (*self.lanes, *self.waiting):
            if sequence.started_at is None:
                self._fail(sequence, error)
            else:
                self._leave(sequence)
                self._events += self._completion.finish(sequence, "shutdown")

    def take_events(self) -> list[tuple[int, Event]]:
        events, self._events = self._events, []
        return events

    @property
    def is_idle(self) -> bool:
        return not self.waiting and not self.lanes

    # -- one step

    def schedule(self) -> Step | None:
        """The next step, or None when there is nothing to decode. The step is valid until the next call."""
        step = self._step
        step.batch.clear()
        step.chunks.clear()
        if self._isolated:
            self._add_isolated(step)
        while not step.chunks and not self.is_idle:
            self._take_turns()
            self._admit()
            self._bind()
            self._add_decodes(step)
            self._add_prefills(step)
            if not step.chunks and not self._preempt_youngest():
                self._fail(self.lanes[0], DecodeFailed("the KV cache is full"))
        self._step_started = self._clock()
        return step if step.chunks else None

    def complete(self, step: Step) -> None:
        """The step was decoded: its tokens are in memory and its outputs can be sampled."""
        self.n_steps += 1
        self._pace.learn(step.batch.n_tokens, self._clock() - self._step_started)
        self._n_batch = self._backend.info.n_batch
        for chunk in step.chunks:
            sequence = chunk.sequence
            n_past = sequence.n_past
            self.slots.commit(_slot(sequence), sequence.tokens.view(n_past, n_past + chunk.n))
            if chunk.row >= 0:
                sequence.state = State.DECODE
                sequence.n_turn += 1
                self._events += self._completion.advance(sequence, chunk.row)
                if sequence.state is State.FINISHED:
                    self._leave(sequence)

    def rollback(self, step: Step) -> None:
        """The step was not decoded: nothing of it counts, and nothing of it stays in memory."""
        for chunk in step.chunks:
            self.slots.restore(_slot(chunk.sequence))
            if chunk.sequence.n_pending > 1:  # memory that can't be cut starts over
                chunk.sequence.state = State.PREFILL

    def relieve(self, step: Step) -> None:
        """llama.cpp found no room where we had counted some (a cache that wants its cells in one piece): less of
        everything, until it fits or a single sequence alone doesn't."""
        self.rollback(step)
        if self.slots.evict_idle():
            return
        if step.batch.n_tokens > len(step.chunks):
            self._n_batch = max(1, step.batch.n_tokens // 2)
        elif not self._preempt_youngest():
            self._fail(step.chunks[0].sequence, DecodeFailed("the KV cache is full"))

    def isolate(self, step: Step, error: DecodeFailed) -> None:
        """llama.cpp refused the batch: its sequences are decoded one by one, and only those it refuses alone fail."""
        self.rollback(step)
        if len(step.chunks) == 1:
            self._fail(step.chunks[0].sequence, error)
        else:
            self._isolated = [chunk.sequence for chunk in step.chunks]

    # -- lanes

    def _take_turns(self) -> None:
        """Sequences that had their turn make way, the longest turn first, for as many as wait."""
        n_waiting = len(self.waiting) - (self._num_lanes - len(self.lanes))
        n_waiting = max(n_waiting, int(self._head_is_blocked and bool(self.waiting)))
        if n_waiting <= 0:
            return
        for sequence in sorted(self.lanes, key=lambda each: -each.n_turn)[:n_waiting]:
            if sequence.state is State.DECODE and sequence.n_turn >= self._turn_tokens(sequence):
                self._pause(sequence)

    def _turn_tokens(self, sequence: Sequence) -> int:
        """A turn lasts longer where giving it up costs the cells: at least as many tokens as are prefilled again."""
        if self.slots.has_spare() or self.waiting[0].slot is not None:
            return self._quantum
        return max(self._quantum, len(sequence.tokens))

    def _pause(self, sequence: Sequence) -> None:
        self.lanes.remove(sequence)
        if not self.slots.has_spare() and self.waiting[0].slot is None:
            self._give_up_cells(sequence)
        sequence.state = State.WAITING
        self._ticket += 1
        sequence.ticket = self._ticket
        insort(self.waiting, sequence, key=_by_ticket)

    def _admit(self) -> None:
        """First come, first served: nobody overtakes a head of the queue that doesn't fit yet."""
        self._head_is_blocked = False
        while self.waiting and len(self.lanes) < self._num_lanes:
            if not self._fits(self.waiting[0]):
                self._head_is_blocked = True
                return
            sequence = self.waiting.pop(0)
            sequence.state = State.DECODE if sequence.n_generated and sequence.n_pending == 1 else State.PREFILL
            sequence.n_turn = 0
            self.lanes.append(sequence)

    def _fits(self, sequence: Sequence) -> bool:
        """Whether its prompt has room beside what the lanes hold and are going to. Paused ones give theirs up for it.

        Without this a preempted sequence would come back at once, and be preempted again.
        """
        if not self.lanes:
            return True
        source, n_cached = self.slots.longest_prefix(sequence.tokens.view(), sequence.request.cache_scope)
        needed = sequence.n_pending + sum(each.n_pending for each in self.lanes) + len(self.lanes)
        if sequence.slot is None and source is not None and source.owned:
            needed -= n_cached
        while True:
            live = [each.slot for each in (*self.lanes, *self.waiting) if each.slot is not None]
            if needed <= self.slots.n_reclaimable(live):
                return True
            paused = [each for each in self.waiting if each.slot is not None and each is not sequence]
            if not paused:
                return False
            self._give_up_cells(paused[-1])

    # -- slots

    def _bind(self) -> None:
        """Gives every sequence in a lane its slot, but one whose prefix another is prefilling right now waits for it."""
        for sequence in self.lanes:
            if sequence.slot is None and not sequence.is_held:
                self._follow_or_start(sequence)

    def _follow_or_start(self, sequence: Sequence) -> None:
        tokens = sequence.tokens.view()
        scope = sequence.request.cache_scope
        n_cached = self.slots.longest_prefix(tokens, scope)[1]
        for other in self.lanes:
            if other.state is State.PREFILL and other.slot is not None and other.request.cache_scope == scope:
                n_shared = common_prefix(other.tokens.view(), tokens[:-1])
                if n_shared >= max(n_cached, other.n_past) + MIN_SHARED:
                    sequence.follow(other, n_shared)
                    return
        self._start(sequence)

    def _start(self, sequence: Sequence) -> None:
        sequence.leader = None
        sequence.slot = self.slots.acquire(sequence.tokens.view(), sequence.request.cache_scope)
        if sequence.slot is None:
            self._take_slot_of_paused()
            sequence.slot = self.slots.acquire(sequence.tokens.view(), sequence.request.cache_scope)
        if sequence.started_at is None and sequence.slot is not None:
            self._events.append((sequence.request_id, self._started(sequence)))

    def _take_slot_of_paused(self) -> None:
        paused = [each for each in self.waiting if each.slot is not None]
        if paused:
            self._give_up_cells(paused[-1])

    def _started(self, sequence: Sequence) -> Started:
        sequence.started_at = self._clock()
        sequence.n_cached = sequence.n_past
        return Started(
            n_prompt=sequence.n_prompt,
            n_cached=sequence.n_cached,
            n_ctx=self._backend.info.n_ctx,
            queue_seconds=sequence.started_at - sequence.submitted_at,
            n_dropped_messages=sequence.n_dropped_messages,
            n_dropped_tokens=sequence.n_dropped_tokens,
        )

    def _give_up_cells(self, sequence: Sequence) -> None:
        if sequence.slot is not None:
            self.slots.empty(sequence.slot)
            self.slots.release(sequence.slot)
            sequence.slot = None

    # -- filling the batch

    def _add_decodes(self, step: Step) -> None:
        decoding = [each for each in self.lanes if each.state is State.DECODE][: step.batch.capacity]
        while not self._make_room(len(decoding)):
            if not self._preempt_youngest():
                break
            decoding = [each for each in decoding if each.state is State.DECODE]
        for sequence in decoding:
            row = step.batch.add_one(_slot(sequence).seq_id, sequence.tokens.last(), sequence.n_past)
            step.chunks.append(Chunk(sequence, 1, row))

    def _make_room(self, n_cells: int) -> bool:
        while not self.slots.make_room(n_cells):
            paused = [each for each in self.waiting if each.slot is not None]
            if not paused:
                return False
            self._give_up_cells(paused[-1])
        return True

    def _add_prefills(self, step: Step) -> None:
        """The oldest gets half of the room at least, and those with the least to go the rest: a long prompt neither
        blocks short ones nor is starved by them."""
        prefilling = [each for each in self.lanes if each.state is State.PREFILL and each.slot is not None]
        if not prefilling:
            return
        wanted = self._pace.limit(others_decode=bool(step.chunks))
        budget = min(wanted, step.batch.room, max(1, self._n_batch - step.batch.n_tokens))
        self._make_room(step.batch.n_tokens + min(budget, sum(each.n_pending for each in prefilling)))
        budget = min(budget, self.slots.ledger.n_free - step.batch.n_tokens)
        for sequence, n in share_prefill([(each, each.n_pending) for each in prefilling], budget):
            self._add_prefill(step, sequence, n)

    def _add_prefill(self, step: Step, sequence: Sequence, n: int) -> None:
        start = sequence.n_past
        last = n == sequence.n_pending
        row = step.batch.add(_slot(sequence).seq_id, sequence.tokens.view(start, start + n), start, output=last)
        step.chunks.append(Chunk(sequence, n, row if last else -1))

    def _add_isolated(self, step: Step) -> None:
        """One sequence alone: see ``isolate``."""
        while self._isolated and not step.chunks:
            sequence = self._isolated.pop(0)
            if sequence.slot is not None and sequence in self.lanes and self._make_room(1):
                self._add_prefill(step, sequence, min(sequence.n_pending, self.slots.ledger.n_free, self._n_batch))

    # -- leaving

    def _preempt_youngest(self) -> bool:
        """Puts the youngest of several running sequences back to the head of the queue, without its cells."""
        running = [each for each in self.lanes if each.slot is not None]
        if len(running) < 2:
            return False
        youngest = max(running, key=lambda each: each.arrival)
        self.lanes.remove(youngest)
        self._give_up_cells(youngest)
        youngest.state = State.WAITING
        youngest.ticket = min((each.ticket for each in self.waiting), default=youngest.ticket) - 1
        self.waiting.insert(0, youngest)
        return True

    def _fail(self, sequence: Sequence, error: InferenceError) -> None:
        sequence.state = State.FINISHED
        self._leave(sequence)
        self._events.append((sequence.request_id, Failed.of(error)))

    def _leave(self, sequence: Sequence) -> None:
        """The one place where a sequence's lane, slot and sampler go back. What it decoded stays as an idle prefix."""
        if sequence in self.lanes:
            self.lanes.remove(sequence)
        if sequence in self.waiting:
            self.waiting.remove(sequence)
        if sequence.slot is not None:
            self.slots.release(sequence.slot)
            sequence.slot = None
        self._completion.free(sequence)


def share_prefill(pending: list[tuple[Sequence, int]], budget: int) -> list[tuple[Sequence, int]]:
    """(sequence, tokens to decode now) for a budget: see ``_add_prefills``. ``pending`` comes oldest first."""
    if budget <= 0:
        return []
    oldest, n_oldest = pending[0]
    granted = {oldest.request_id: min(n_oldest, max(1, budget // 2))}
    budget -= granted[oldest.request_id]
    for sequence, n_pending in sorted(pending, key=lambda pair: pair[1]):
        n = min(budget, n_pending - granted.get(sequence.request_id, 0))
        granted[sequence.request_id] = granted.get(sequence.request_id, 0) + n
        budget -= n
    return [(sequence, granted[sequence.request_id]) for sequence, _ in pending if granted.get(sequence.request_id)]


def _by_ticket(sequence: Sequence) -> int:
    return sequence.ticket


def _slot(sequence: Sequence) -> Slot:
    assert sequence.slot is not None, "a scheduled sequence has a slot"
    return sequence.slot
