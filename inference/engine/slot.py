"""One sequence of llama.cpp's, and what it holds."""

from __future__ import annotations

from inference.engine.int_buffer import IntBuffer


class Slot:
    """``tokens[i]`` is at position i but for M-RoPE's images (see ``position``).

    ``number`` is its name in the ledger and stays, where ``seq_id`` may change (see ``gather``). ``owned``: a sequence
    is working on it.
    """

    __slots__ = ("last_used", "number", "owned", "scope", "seq_id", "tokens")

    def __init__(self, number: int) -> None:
        self.number = number
        self.seq_id = number
        self.tokens = IntBuffer()
        self.scope = ""
        self.owned = False
        self.last_used = 0

    @property
    def n_past(self) -> int:
        return len(self.tokens)
