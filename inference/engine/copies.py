"""Copies of what slots hold, in main memory and from there into other streams."""

from __future__ import annotations

from inference.engine.backend import Backend
from inference.engine.slot import Slot
from inference.engine.swap import State, Swapped, SwapSpace

# Copying fewer tokens than this is not worth it, nor copying more than so many for each that is of use.
MIN_COPIED = 8
COPY_RATIO = 8


class Copies:
    """Takes no more memory than the swap space has: what is in there gives way. The decode thread's."""

    def __init__(self, backend: Backend, swap: SwapSpace) -> None:
        self._backend = backend
        self._swap = swap
        # By number: llama.cpp rotates a shifted slot's keys in the next decode, and until then a copy would be wrong.
        self._shifted: set[int] = set()

    def shifted(self, slot: Slot) -> None:
        self._shifted.add(slot.number)

    def decoded(self) -> None:
        self._shifted.clear()

    def are_right(self, slot: Slot) -> bool:
        return slot.number not in self._shifted

    def can_remember(self, slot: Slot) -> bool:
        return self._swap.fits(self._backend.seq_size(slot.seq_id))

    def remember(self, slot: Slot) -> None:
        """In the swap space, if it is worth it and there is room."""
        if slot.n_past >= MIN_COPIED and self._swap.make_room(self._backend.seq_size(slot.seq_id)):
            state = self._save(slot)
            if state is not None:
                self._swap.add(Swapped(slot.tokens.view(), slot.scope, state))

    def exchange(self, left: Slot, right: Slot) -> list[Slot]:
        """Puts each into the other's stream. Nothing where there is no room for copies in between. Returns those that
        got lost on the way, whose streams are empty."""
        holding = [slot for slot in (left, right) if slot.n_past]
        if holding and not self._swap.make_room(sum(self._backend.seq_size(slot.seq_id) for slot in holding)):
            return []
        states = [self._save(slot) for slot in holding]
        if any(state is None for state in states):
            return []
        for slot in holding:
            self._backend.seq_rm(slot.seq_id, -1, -1)
        left.seq_id, right.seq_id = right.seq_id, left.seq_id
        pairs = zip(holding, states, strict=True)
        return [slot for slot, state in pairs if state is None or not self._backend.seq_load(slot.seq_id, state)]

    def _save(self, slot: Slot) -> State | None:
        """None where there is no copy to be had, or none that would be right."""
        if not self.are_right(slot):
            return None
        return self._backend.seq_save(slot.seq_id, self._backend.seq_size(slot.seq_id))
