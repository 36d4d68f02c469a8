"""The tokens of one step, laid out as llama.cpp reads them: parallel arrays, filled by slices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.int32]


class Batch:
    """Up to ``capacity`` tokens. Row i: ``tokens[i]`` at ``positions[i]`` of sequence ``seq_ids[i]``.

    ``outputs[i]`` is 1 where logits are wanted. The arrays live as long as the batch and are reused for every step.
    """

    __slots__ = ("capacity", "n_tokens", "outputs", "positions", "seq_ids", "tokens")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.n_tokens = 0
        self.tokens: Tokens = np.zeros(capacity, np.int32)
        self.positions: Tokens = np.zeros(capacity, np.int32)
        self.seq_ids: Tokens = np.zeros(capacity, np.int32)
        self.outputs: npt.NDArray[np.int8] = np.zeros(capacity, np.int8)

    @property
    def room(self) -> int:
        return self.capacity - self.n_tokens

    def clear(self) -> None:
        self.n_tokens = 0

    def add(self, seq_id: int, tokens: Sequence[int] | Tokens, position: int, *, output: bool) -> int:
        """Appends a run of tokens of one sequence and returns the row of the last; ``output`` asks for its logits."""
        start = self.n_tokens
        end = start + len(tokens)
        self.tokens[start:end] = tokens
        self.positions[start:end] = np.arange(position, position + end - start)
        self.seq_ids[start:end] = seq_id
        self.outputs[start:end] = 0
        self.outputs[end - 1] = output
        self.n_tokens = end
        return end - 1

    def ask(self, row: int, n: int) -> None:
        """Outputs of ``n`` rows more, from ``row`` on."""
        self.outputs[row : row + n] = 1

    def add_one(self, seq_id: int, token: int, position: int) -> int:
        """``add`` of one token with an output, without the slices: the decode path runs it for every token."""
        row = self.n_tokens
        self.tokens[row] = token
        self.positions[row] = position
        self.seq_ids[row] = seq_id
        self.outputs[row] = 1
        self.n_tokens = row + 1
        return row
