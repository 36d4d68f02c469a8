"""Which tokens go into the next decode, and what came out of the last one. No threads; the clock is the caller's.

One step: ``schedule`` → backend.decode → ``complete``, or ``rollback``, ``relieve`` or ``isolate`` where the decode did
not succeed. Every step carries one token of each decoding sequence and fills up with prefill.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from inference.engine.backend import Backend
from inference.engine.batch import Batch
from inference.engine.completion import Completion
from inference.engine.lanes import Lanes
from inference.engine.media.prefill import at_media, media_batch, n_text_pending
from inference.engine.scoring import first_token, fitting, prompt_logprobs, to_score
from inference.engine.sequence import Sequence, State
from inference.engine.slot import Slot
from inference.engine.slots import Slots
from inference.engine.step import Chunk, PrefillPace, Step, share_prefill
from inference.errors import DecodeFailed, InferenceError, InvalidConstraint, RequestCancelled, ShuttingDown
from inference.events import Event, Failed, Started

# Tokens a sequence decodes before it makes way for one that waits: fewer than even a short answer has, and changing
# places costs nothing while its cells are kept.
QUANTUM = 16


class Scheduler:
    """Owned by the decode thread. ``take_events`` gives what has happened since the last call, in order."""

    def __init__(
        self, backend: Backend, *, num_parallel: int, clock: Callable[[], float], quantum: int = QUANTUM
    ) -> None:
        info = backend.info
        self._n_ctx = info.n_ctx
        self._clock = clock
        self._events: list[tuple[int, Event]] = []
        self._isolated: list[Sequence] = []
        self._step = Step(Batch(info.n_batch))
        self._step_started = 0.0
        self._media_is_due = True
        self._backend = backend
        self._n_most = info.n_batch  # tokens in one decode; fewer after llama.cpp found no room
        self._pace = PrefillPace(info.n_batch)
        self.n_steps = 0
        self.slots = Slots(backend)
        self.lanes = Lanes(self.slots, num_parallel=max(1, min(num_parallel, info.n_seq_max)), quantum=quantum)
        self._completion = Completion(backend, self.slots, clock)

    def add(self, sequence: Sequence) -> None:
        self.lanes.add(sequence)

    def cancel(self, request_id: int) -> None:
        for sequence in self.lanes.everyone:
            if sequence.request_id == request_id:
                self._fail(sequence, RequestCancelled())

    def close(self, error: InferenceError) -> None:
        """Ends everything with ``error``; an answer that a shutdown cuts short is finished as such."""
        for sequence in self.lanes.everyone:
            if sequence.started_at is None or not isinstance(error, ShuttingDown):
                self._fail(sequence, error)
            else:
                self._events += self._completion.finish(sequence, "shutdown")
                self._leave(sequence)

    def take_events(self) -> list[tuple[int, Event]]:
        events, self._events = self._events, []
        return events

    @property
    def is_idle(self) -> bool:
        return self.lanes.is_idle

    # -- one step

    def schedule(self) -> Step | None:
        """The next step, or None when there is nothing to decode. The step is valid until the next call."""
        step = self._step
        step.clear()
        self._add_isolated(step)
        while not step.chunks and not self.is_idle:
            self.lanes.take_turns()
            self.lanes.admit()
            for sequence in self.lanes.bind():
                self._announce(sequence)
            self.lanes.gather()
            self._fill(step)
            if not step.chunks and not self.lanes.preempt_youngest():
                self._fail(self.lanes.running[0], DecodeFailed("the KV cache is full"))
        self._media_is_due = step.media is None
        self._step_started = self._clock()
        return step if step.chunks else None

    def complete(self, step: Step) -> None:
        """The step was decoded: its tokens are in memory and its outputs can be sampled."""
        self.n_steps += 1
        self._pace.learn(step.n_tokens, self._clock() - self._step_started)
        self._n_most = step.batch.capacity
        for chunk in step.chunks:
            sequence = chunk.sequence
            if chunk.scored is not None:
                event = prompt_logprobs(self._backend, sequence, chunk.scored)
                self._events.append((sequence.request_id, event))
            n_past = sequence.n_past
            self.slots.commit(_slot(sequence), sequence.tokens.view(n_past, n_past + chunk.n))
            if chunk.row >= 0:
                self._advance(sequence, chunk.row)

    def _advance(self, sequence: Sequence, row: int) -> None:
        sequence.state = State.DECODE
        sequence.n_turn += 1
        try:
            self._events += self._completion.advance(sequence, row)
        except InvalidConstraint as error:
            self._fail(sequence, error)
            return
        if sequence.state is State.FINISHED:
            self._leave(sequence)

    def rollback(self, step: Step) -> None:
        """The step was not decoded: nothing of it counts, and nothing of it stays in memory."""
        for chunk in step.chunks:
            self.slots.restore(_slot(chunk.sequence))
            if chunk.sequence.n_pending > 1:  # memory that can't be cut starts over
                chunk.sequence.state = State.PREFILL

    def relieve(self, step: Step) -> None:
        """llama.cpp found no room where we had counted some, as in a cache that wants its cells in one piece: less of
        everything, until it fits or not even a single sequence does."""
        self.rollback(step)
        if self.slots.evict_idle():
            return
        if step.can_shrink:
            self._n_most = max(1, step.n_tokens // 2)
        elif not self.lanes.preempt_youngest():
            self._fail(step.chunks[0].sequence, DecodeFailed("the KV cache is full"))

    def isolate(self, step: Step, error: DecodeFailed) -> None:
        """llama.cpp refused the batch: its sequences are decoded one by one, and only those it refuses alone fail."""
        self.rollback(step)
        if len(step.chunks) == 1:
            self._fail(step.chunks[0].sequence, error)
        else:
            self._isolated = [chunk.sequence for chunk in step.chunks]

    # -- filling the batch

    def _fill(self, step: Step) -> None:
        """Media are a step of their own, every other one where there is something else to decode too."""
        if self._media_is_due:
            self._add_media(step)
        if not step.chunks:
            self._add_decodes(step)
            self._add_prefills(step)
        if not step.chunks:
            self._add_media(step)

    def _add_media(self, step: Step) -> None:
        """The next run of the oldest sequence's that has come to an image and finds room for it."""
        for sequence in self.lanes.running:
            if sequence.state is State.PREFILL and sequence.slot is not None and at_media(sequence):
                self._add_run(step, sequence)
                if step.chunks:
                    return

    def _add_run(self, step: Step, sequence: Sequence) -> None:
        others_decode = any(each.state is State.DECODE for each in self.lanes.running)
        n_most = min(self._pace.limit(others_decode=others_decode), self._n_most)
        self.lanes.make_room(min(n_most, sequence.n_pending))
        media = media_batch(sequence, max(1, min(n_most, self.slots.ledger.n_free)))
        if self.lanes.make_room(media.n_tokens):
            step.media = media
            step.chunks.append(Chunk(sequence, media.n_tokens, media.n_tokens - 1 if media.output else -1))

    def _add_decodes(self, step: Step) -> None:
        decoding = self._decoding(step)
        while not self.lanes.make_room(len(decoding)) and self.lanes.preempt_youngest():
            decoding = self._decoding(step)
        for sequence in decoding[: self.slots.ledger.n_free]:
            slot = _slot(sequence)
            row = step.batch.add_one(slot.seq_id, sequence.tokens.last(), self.slots.next_position(slot))
            step.chunks.append(Chunk(sequence, 1, row))

    def _decoding(self, step: Step) -> list[Sequence]:
        return [each for each in self.lanes.running if each.state is State.DECODE][: step.batch.capacity]

    def _add_prefills(self, step: Step) -> None:
        running = (each for each in self.lanes.running if each.state is State.PREFILL and each.slot is not None)
        prefilling = [(each, n) for each in running if (n := n_text_pending(each))]
        if not prefilling:
            return
        n_used = step.batch.n_tokens
        budget = min(self._pace.limit(others_decode=n_used > 0), self._n_most - n_used)
        self.lanes.make_room(n_used + min(budget, sum(n for _, n in prefilling)))
        budget = min(budget, self.slots.ledger.n_free - n_used)
        for sequence, n in share_prefill(prefilling, budget):
            self._add_prefill(step, sequence, n)

    def _add_prefill(self, step: Step, sequence: Sequence, n: int) -> None:
        slot = _slot(sequence)
        start = sequence.n_past
        scored = to_score(sequence, start, n)
        if scored is not None:
            n, scored = fitting(scored, n, self._n_outputs_free(step))
        if n <= 0:
            return
        last = n == sequence.n_pending
        tokens = sequence.tokens.view(start, start + n)
        row = step.batch.add(slot.seq_id, tokens, self.slots.next_position(slot), output=last)
        if scored is not None:
            scored = replace(scored, row=row - n + 1 + scored.row)
            step.batch.ask(scored.row, scored.n)
        step.chunks.append(Chunk(sequence, n, row if last else -1, scored))

    def _n_outputs_free(self, step: Step) -> int:
        """Every lane may need an output of its own."""
        return self._backend.info.n_outputs - len(self.lanes.running) - step.n_scored

    def _add_isolated(self, step: Step) -> None:
        """One sequence alone: see ``isolate``."""
        while self._isolated and not step.chunks:
            sequence = self._isolated.pop(0)
            if sequence.slot is None or sequence not in self.lanes.running or not self.lanes.make_room(1):
                continue
            if at_media(sequence):
                self._add_run(step, sequence)
            else:
                n = min(n_text_pending(sequence), self.slots.ledger.n_free, self._n_most)
                self._add_prefill(step, sequence, n)

    # -- beginning and end

    def _announce(self, sequence: Sequence) -> None:
        """Started, once: a preempted sequence comes by here again."""
        if sequence.started_at is not None:
            return
        sequence.started_at = self._clock()
        sequence.n_cached = sequence.n_past
        started = Started(
            n_prompt=sequence.n_prompt,
            n_cached=sequence.n_cached,
            n_ctx=sequence.request.context_length(self._n_ctx),
            queue_seconds=sequence.started_at - sequence.submitted_at,
            n_dropped_messages=sequence.n_dropped_messages,
            n_dropped_tokens=sequence.n_dropped_tokens,
            thinking_open=sequence.thinking is not None and sequence.thinking.was_open,
        )
        self._events.append((sequence.request_id, started))
        if sequence.request.prompt_logprobs is not None:
            self._events.append((sequence.request_id, first_token(self._backend, sequence)))

    def _fail(self, sequence: Sequence, error: InferenceError) -> None:
        sequence.state = State.FINISHED
        self._events.append((sequence.request_id, Failed.of(error)))
        self._leave(sequence)

    def _leave(self, sequence: Sequence) -> None:
        """The one place where a sequence's lane, slot and sampler go back. What it decoded stays as an idle prefix."""
        self.lanes.remove(sequence)
        self._completion.free(sequence)


def _slot(sequence: Sequence) -> Slot:
    assert sequence.slot is not None, "a scheduled sequence has a slot"
    return sequence.slot
