"""Which llama.cpp sequence id holds which tokens, for live sequences and for idle prefixes kept for later ones.

In the unified cache a slot's cells may be shared with other slots. Shared cells are never moved; taking one slot off
them leaves the others on. In a cache of streams every slot has its own and prefixes are copied. What an idle slot held
goes to the swap space when its room is wanted. All of it is reused within one scope only: a hit can be timed, and would
tell one tenant what another has asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from inference.engine.backend import Backend
from inference.engine.copies import COPY_RATIO, MIN_COPIED, Copies
from inference.engine.int_buffer import Ints, longest_prefix
from inference.engine.ledger import new_ledger
from inference.engine.media.placeholders import n_positions, span_start
from inference.engine.slot import Slot
from inference.engine.streams import adjoining, are_neighbours, exchanges
from inference.engine.swap import Swapped, SwapSpace

# Waiting for a shorter prefix than this costs more than prefilling it again.
MIN_SHARED = 32


class Slots:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.ledger = new_ledger(backend.info.layout, backend.info.n_cells, backend.info.n_seq_max)
        self._slots = [Slot(number) for number in range(backend.info.n_seq_max)]
        self._has_mrope = backend.info.has_mrope
        self._max_idle_cells = backend.info.max_idle_cells
        self.swap = SwapSpace(backend.info.swap_bytes)
        self.copies = Copies(backend, self.swap)
        self._tick = 0

    def next_position(self, slot: Slot) -> int:
        """Where the next token of the slot goes, which does not end in the middle of media."""
        return n_positions(slot.tokens.view()) if self._has_mrope else slot.n_past

    def _position(self, slot: Slot, n: int) -> int:
        """Where token n of the slot is."""
        return n_positions(slot.tokens.view(0, n)) if self._has_mrope else n

    def longest_prefix(self, tokens: Ints, scope: str) -> tuple[Slot | None, int]:
        """The slot that shares the most leading tokens; where they tie one that holds little else, and an idle one."""
        return longest_prefix(sorted(self._slots, key=lambda slot: (slot.n_past, slot.owned)), tokens, scope)

    def n_reusable(self, tokens: Ints, scope: str) -> int:
        """How many leading tokens need no prefill, whether they are in the cache or swapped out."""
        return max(self.longest_prefix(tokens, scope)[1], self.swap.longest_prefix(tokens, scope)[1])

    def has_spare(self) -> bool:
        """Whether ``acquire`` would succeed."""
        return any(not slot.owned for slot in self._slots)

    def acquire(self, tokens: Ints, scope: str) -> Slot | None:
        """A slot that already holds as much of ``tokens`` as any does; None while all of them are owned."""
        source, n = self.longest_prefix(tokens, scope)
        swapped, n_swapped = self.swap.longest_prefix(tokens, scope)
        if swapped is not None and n_swapped >= n + MIN_COPIED and COPY_RATIO * n_swapped >= len(swapped.tokens):
            slot = self._swap_in(swapped, n_swapped)
            if slot is not None:
                return slot
            source, n = self.longest_prefix(tokens, scope)  # making room may have taken it
        target = self._choose(source, n)
        if target is None:
            return None
        target.owned = True
        if target is source:
            if n < target.n_past:
                self.copies.remember(target)
            self.cut(target, n)
            return target
        self.swap_out(target)
        target.scope = scope
        if source is not None and self._is_worth_having(source, n):
            self._adopt(source, target, n)
        return target

    def _swap_in(self, swapped: Swapped, n: int) -> Slot | None:
        """A slot that holds the first n tokens of it; None while all are owned or there is no room for all of it."""
        target = self._choose(None, 0)
        if target is None or not self.make_room(len(swapped.tokens)):
            return None
        self.swap_out(target)
        if not self._backend.seq_load(target.seq_id, swapped.state):
            self.swap.discard(swapped)
            return None
        target.owned = True
        target.scope = swapped.scope
        self.ledger.take(target.number, len(swapped.tokens))
        target.tokens.extend(swapped.tokens.view())
        if n == len(swapped.tokens):
            self.swap.discard(swapped)  # it comes back, longer
        else:
            self.swap.touch(swapped)
            self.cut(target, n)
        return target

    def swap_out(self, slot: Slot) -> None:
        """Empties the slot, and remembers what it held where that is worth a copy."""
        self.copies.remember(slot)
        self.empty(slot)

    def _choose(self, source: Slot | None, n: int) -> Slot | None:
        """An idle source whose whole content is reused is simply continued; otherwise it stays as it is if it can."""
        if source is not None and not source.owned and n == source.n_past:
            return source
        idle = [slot for slot in self._slots if not slot.owned]
        others = [slot for slot in idle if slot is not source]
        return min(others or idle, key=self._rank(), default=None)

    def _rank(self) -> Callable[[Slot], tuple[bool, bool, int]]:
        """The lowest is emptied for another: one beside those that are at work, where that matters (see ``gather``), an
        empty one, the longest unused."""
        near = adjoining([slot.seq_id for slot in self._slots if slot.owned and self.ledger.has_streams])
        return lambda slot: (slot.seq_id not in near, slot.n_past > 0, slot.last_used)

    def _is_worth_having(self, source: Slot, n: int) -> bool:
        """What is shared costs nothing; a copy is one of all that the source holds."""
        return not self.ledger.has_streams or (
            n >= MIN_COPIED and COPY_RATIO * n >= source.n_past and self.copies.are_right(source)
        )

    def _adopt(self, source: Slot, target: Slot, n: int) -> None:
        end = self._position(source, n)
        has_copy = self._backend.seq_cp(source.seq_id, target.seq_id, 0, end)
        # Recurrent memory copies the whole state, whatever the range: only a cut tells whether n is where it stands.
        if not has_copy or not self._backend.seq_rm(target.seq_id, end, -1):
            self._backend.seq_rm(target.seq_id, -1, -1)
            return
        self.ledger.adopt(source.number, target.number, n)
        target.tokens.extend(source.tokens.view(0, n))

    def release(self, slot: Slot) -> None:
        """The sequence is done with it; what it holds stays until the room is needed."""
        slot.owned = False
        self._tick += 1
        slot.last_used = self._tick

    def empty(self, slot: Slot) -> None:
        self.ledger.keep(slot.number, 0)
        slot.tokens.truncate(0)
        self._backend.seq_rm(slot.seq_id, -1, -1)

    def cut(self, slot: Slot, n: int) -> None:
        """Keeps the first n tokens, or none where this memory can't be cut there."""
        if n == slot.n_past:
            return
        if not self._backend.seq_rm(slot.seq_id, self._position(slot, n), -1):
            self.empty(slot)
            return
        self.ledger.keep(slot.number, n)
        slot.tokens.truncate(n)

    def restore(self, slot: Slot) -> None:
        """Takes out whatever a decode that did not succeed has left behind the tokens we know of."""
        tokens = slot.tokens.view()
        if self._has_mrope and len(tokens) and tokens[-1] < 0:
            # All of an image's cells may be at one position: what was left of it can't be told from what was there.
            self.cut(slot, span_start(tokens, len(tokens) - 1))
        elif not self._backend.seq_rm(slot.seq_id, self.next_position(slot), -1):
            self.empty(slot)

    def shift(self, slot: Slot, n_keep: int, n_discard: int) -> None:
        """Drops ``n_discard`` tokens after the first ``n_keep``. What follows is moved down where that is safe, else
        taken out, to be decoded again by its owner."""
        end = n_keep + n_discard
        if self._can_move(slot, end) and self._backend.seq_rm(slot.seq_id, n_keep, end):
            self._backend.seq_add(slot.seq_id, end, -1, -n_discard)
            self.ledger.delete(slot.number, n_keep, end)
            slot.tokens.delete(n_keep, end)
            self.copies.shifted(slot)
        else:
            self.cut(slot, n_keep)

    def _can_move(self, slot: Slot, start: int) -> bool:
        return self._backend.info.can_shift and not self.ledger.any_shared(slot.number, start)

    def commit(self, slot: Slot, tokens: Ints) -> None:
        """The tokens were decoded: they are in memory from here on."""
        self.copies.decoded()
        if len(tokens) == 1:
            self.ledger.take_one(slot.number)
            slot.tokens.append(int(tokens[0]))
            return
        self.ledger.take(slot.number, len(tokens))
        slot.tokens.extend(tokens)

    def evict_idle(self) -> bool:
        """Swaps out the idle slot that was used longest ago; False when none holds anything."""
        idle = [slot for slot in self._slots if not slot.owned and slot.n_past]
        if not idle:
            return False
        self.swap_out(min(idle, key=lambda slot: slot.last_used))
        return True

    def trim_idle(self) -> None:
        """Evicts the longest unused idle slots until the rest hold no more than is worth it: every token passes over
        them too."""
        while self._n_idle_cells() > self._max_idle_cells:
            if not self.evict_idle():
                return

    def _n_idle_cells(self) -> int:
        """Cells that only idle slots are on."""
        return self.ledger.n_used - self.ledger.n_held(slot.number for slot in self._slots if slot.owned)

    def make_room(self, n_cells: int) -> bool:
        """Evicts idle slots until that many cells are free, or there is nothing left to evict."""
        while self.ledger.n_free < n_cells:
            if not self.evict_idle():
                return False
        return True

    def clear_around(self) -> None:
        """Empties whatever else the sums of a sequence would depend on, which is to have a slot: where its cells lie.
        In a stream they lie where they always do."""
        if not self.ledger.has_streams:
            while self.evict_idle():
                pass

    def fits(self, n_cells: int, live: Iterable[Slot]) -> bool:
        """Whether ``n_cells`` more could be had if every slot but the ``live`` ones were emptied."""
        return self.ledger.fits(n_cells, (slot.number for slot in live))

    # -- streams

    def gather(self, live: Iterable[Slot]) -> None:
        """Brings slots that are decoded together next to each other (see ``streams``). One that gets lost on the way is
        empty afterwards."""
        busy = [slot.seq_id for slot in live]
        if self.ledger.has_streams and not are_neighbours(busy):
            by_stream = sorted(self._slots, key=lambda slot: slot.seq_id)
            for left, right in exchanges(busy, [slot.n_past for slot in by_stream]):
                for lost in self.copies.exchange(by_stream[left], by_stream[right]):
                    self.empty(lost)
