"""Idle prefixes outside the KV cache, in main memory: there they cost the sequences that run nothing.

A cell in the cache is one that every token decoded has to pass over; bringing 700 tokens of a 135M model back takes
4 ms, prefilling them again takes seconds.
"""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import numpy.typing as npt

from inference.engine.int_buffer import IntBuffer, Ints, common_prefix, longest_prefix

State = npt.NDArray[np.uint8]


class Swapped:
    """What a sequence held: ``state`` as the backend gave it, for ``tokens`` (copied) from position 0 on."""

    __slots__ = ("scope", "state", "tokens")

    def __init__(self, tokens: Ints, scope: str, state: State) -> None:
        self.tokens = IntBuffer(tokens)
        self.scope = scope
        self.state = state


class SwapSpace:
    """Up to ``capacity`` bytes; the longest unused go first. The decode thread's."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[int, Swapped] = OrderedDict()
        self.n_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def fits(self, n_bytes: int) -> bool:
        return 0 < n_bytes <= self._capacity

    def make_room(self, n_bytes: int) -> bool:
        """Forgets the longest unused until so much is free for a copy; False where it will never fit."""
        if not self.fits(n_bytes):
            return False
        while self.n_bytes + n_bytes > self._capacity:
            self.discard(next(iter(self._entries.values())))
        return True

    def add(self, entry: Swapped) -> None:
        """Takes the place of those that hold nothing more than the beginning of it, as a chat's earlier turns do."""
        for other in list(self._entries.values()):
            if other.scope == entry.scope:
                n_common = common_prefix(other.tokens.view(), entry.tokens.view())
                if n_common == len(other.tokens):
                    self.discard(other)
        if self.make_room(entry.state.nbytes):
            self._entries[id(entry)] = entry
            self.n_bytes += entry.state.nbytes

    def discard(self, entry: Swapped) -> None:
        if self._entries.pop(id(entry), None) is not None:
            self.n_bytes -= entry.state.nbytes

    def touch(self, entry: Swapped) -> None:
        """It was of use again; if it is still here, that is."""
        if id(entry) in self._entries:
            self._entries.move_to_end(id(entry))

    def longest_prefix(self, tokens: Ints, scope: str) -> tuple[Swapped | None, int]:
        """The entry that shares the most leading tokens, and how many."""
        return longest_prefix(self._entries.values(), tokens, scope)
