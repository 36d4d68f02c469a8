"""Who runs and who waits: admission, turns, preemption, and the KV cells each of them holds.

``num_parallel`` sequences have a lane at a time. When others wait, one gives its lane up after ``quantum`` tokens
and queues again, keeping its cells while there is room for them: nobody waits for another to finish.
"""

from __future__ import annotations

from bisect import insort

from inference.engine.copies import COPY_RATIO
from inference.engine.int_buffer import common_prefix
from inference.engine.media.placeholders import cut_before
from inference.engine.sequence import Sequence, State
from inference.engine.slot import Slot
from inference.engine.slots import MIN_SHARED, Slots


class Lanes:
    """``waiting`` is ordered by ticket and holds paused sequences too, those with a slot; ``running`` have a lane."""

    def __init__(self, slots: Slots, *, num_parallel: int, quantum: int) -> None:
        self.slots = slots
        self.waiting: list[Sequence] = []
        self.running: list[Sequence] = []
        self._num_lanes = num_parallel
        self._quantum = quantum
        self._ticket = 0
        self._head_is_blocked = False

    @property
    def everyone(self) -> list[Sequence]:
        return [*self.running, *self.waiting]

    @property
    def is_idle(self) -> bool:
        return not self.waiting and not self.running

    def add(self, sequence: Sequence) -> None:
        self._ticket = max(self._ticket, sequence.ticket)
        insort(self.waiting, sequence, key=_by_ticket)

    def remove(self, sequence: Sequence) -> None:
        """Its slot stays behind as an idle prefix, if anyone may use it."""
        for queue in (self.running, self.waiting):
            if sequence in queue:
                queue.remove(sequence)
        if sequence.slot is not None:
            if not sequence.shares_cells:
                self.slots.empty(sequence.slot)
            self.slots.release(sequence.slot)
            sequence.slot = None

    # -- turns

    def take_turns(self) -> None:
        """Sequences that had their turn make way, the longest turn first, for as many as wait for a lane."""
        n_wanted = len(self.waiting) - (self._num_lanes - len(self.running))
        if self.waiting and self._head_is_blocked:
            n_wanted = max(n_wanted, 1)
        if n_wanted <= 0:
            return
        for sequence in sorted(self.running, key=lambda each: -each.n_turn)[:n_wanted]:
            if sequence.state is State.DECODE and sequence.n_turn >= self._turn_tokens(sequence):
                self._pause(sequence)

    def _turn_tokens(self, sequence: Sequence) -> int:
        """A turn lasts longer where its end costs the cells: so that copying them, or prefilling them again where they
        can't be copied, is not what most of the time goes to."""
        if self._can_keep_cells():
            return self._quantum
        can_swap = sequence.slot is not None and self.slots.copies.can_remember(sequence.slot)
        return max(self._quantum, len(sequence.tokens) // (COPY_RATIO if can_swap else 1))

    def _can_keep_cells(self) -> bool:
        return self.slots.has_spare() or self.waiting[0].slot is not None

    def _pause(self, sequence: Sequence) -> None:
        self.running.remove(sequence)
        if not self._can_keep_cells():
            self._give_up_cells(sequence)
        sequence.state = State.WAITING
        self._ticket += 1
        sequence.ticket = self._ticket
        insort(self.waiting, sequence, key=_by_ticket)

    # -- admission

    def admit(self) -> None:
        """First come, first served: nobody overtakes a head of the queue that doesn't fit yet."""
        self._head_is_blocked = False
        while self.waiting and len(self.running) < self._num_lanes:
            if not self._fits(self.waiting[0]):
                self._head_is_blocked = True
                return
            sequence = self.waiting.pop(0)
            sequence.state = State.DECODE if sequence.n_generated and sequence.n_pending == 1 else State.PREFILL
            sequence.n_turn = 0
            self.running.append(sequence)

    def _fits(self, sequence: Sequence) -> bool:
        """Whether it has room beside what the lanes hold and are going to. Paused sequences give theirs up for it.

        Without this a preempted sequence would come back at once, only to be preempted again.
        """
        if not self.running:
            return True
        needed = self._n_needed(sequence)
        while not self.slots.fits(needed, (each.slot for each in self.everyone if each.slot is not None)):
            if not self._give_up_a_paused(but=sequence):
                return False
        return True

    def _n_needed(self, sequence: Sequence) -> int:
        """Cells to be taken until every lane, this one's too, has its first new token."""
        needed = sequence.n_pending + sum(each.n_pending for each in self.running) + len(self.running)
        if sequence.slot is None:
            source, n_cached = self.slots.longest_prefix(sequence.tokens.view(), sequence.scope)
            needed -= n_cached if source is not None and source.owned else 0
        return needed

    def bind(self) -> list[Sequence]:
        """Gives the lanes their slots; a sequence whose prefix another is prefilling right now waits for that instead.

        Returns those that got one.
        """
        bound = []
        for sequence in self.running:
            if sequence.slot is None and not sequence.is_held and not self._follow(sequence):
                sequence.leader = None
                sequence.slot = self._acquire(sequence)
                bound.append(sequence)
        return bound

    def _follow(self, sequence: Sequence) -> bool:
        tokens = sequence.tokens.view()
        n_cached = self.slots.n_reusable(tokens, sequence.scope)
        for other in self.running:
            if other.state is State.PREFILL and other.slot is not None and other.scope == sequence.scope:
                n_shared = cut_before(tokens, common_prefix(other.tokens.view(), tokens[:-1]))
                if n_shared >= max(n_cached, other.n_past) + MIN_SHARED:
                    sequence.follow(other, n_shared)
                    return True
        return False

    def _acquire(self, sequence: Sequence) -> Slot:
        if not sequence.shares_cells and len(self.everyone) == 1:
            # Where cells lie is in their sums, too: alone, it starts from the first cell of an empty cache each time.
            self.slots.clear_around()
        slot = self.slots.acquire(sequence.tokens.view(), sequence.scope)
        if slot is None:
            self._give_up_a_paused(but=sequence)
            slot = self.slots.acquire(sequence.tokens.view(), sequence.scope)
        assert slot is not None, "a slot for each lane, at least"
        self.slots.trim_idle()
        return slot

    def gather(self) -> None:
        """What runs is decoded together: see ``Slots.gather``."""
        self.slots.gather(each.slot for each in self.running if each.slot is not None)
        for sequence in self.running:
            if sequence.n_pending > 1:
                sequence.state = State.PREFILL

    # -- cells

    def make_room(self, n_cells: int) -> bool:
        """Idle prefixes go first, then the cells of paused sequences, the last in the queue first."""
        while not self.slots.make_room(n_cells):
            if not self._give_up_a_paused():
                return False
        return True

    def preempt_youngest(self) -> bool:
        """Puts the youngest of several running sequences back to the head of the queue, without its cells."""
        running = [each for each in self.running if each.slot is not None]
        if len(running) < 2:
            return False
        youngest = max(running, key=lambda each: each.arrival)
        self.running.remove(youngest)
        self._give_up_cells(youngest)
        youngest.state = State.WAITING
        youngest.ticket = min((each.ticket for each in self.waiting), default=youngest.ticket) - 1
        self.waiting.insert(0, youngest)
        return True

    def _give_up_a_paused(self, *, but: Sequence | None = None) -> bool:
        paused = [each for each in self.waiting if each.slot is not None and each is not but]
        if not paused:
            return False
        self._give_up_cells(paused[-1])
        return True

    def _give_up_cells(self, sequence: Sequence) -> None:
        if sequence.slot is not None:
            self.slots.swap_out(sequence.slot)
            self.slots.release(sequence.slot)
            sequence.slot = None


def _by_ticket(sequence: Sequence) -> int:
    return sequence.ticket
