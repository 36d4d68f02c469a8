"""The rows of a batch as llama.cpp decodes them with the fewest passes over the weights."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from inference.engine.batch import Batch
from inference.engine.int_buffer import Ints
from inference.engine.llama.batch import bind


class Rows(Protocol):
    """One batch that is filled again for every decode."""

    batch: Batch

    def native(self) -> Any:
        """What is in it now, as llama.cpp reads it."""

    def place(self, row: int) -> int:
        """Where llama.cpp has a row of the batch, in the last decode."""


class RowsInOrder:
    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self._native = bind(batch)

    def native(self) -> Any:
        self._native.n_tokens = self.batch.n_tokens
        return self._native

    def place(self, row: int) -> int:
        return row


class RowsByStream:
    """Sorted by sequence: of a cache of streams, llama.cpp decodes those together whose numbers follow upon one another
    in the batch (``llama_batch_allocr::split_equal``)."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self._sorted = Batch(batch.capacity)
        self._native = bind(self._sorted)
        self._places: Ints = np.zeros(batch.capacity, np.int32)

    def native(self) -> Any:
        n, batch, by_stream = self.batch.n_tokens, self.batch, self._sorted
        order = np.argsort(batch.seq_ids[:n], kind="stable")
        by_stream.tokens[:n] = batch.tokens[order]
        by_stream.positions[:n] = batch.positions[order]
        by_stream.seq_ids[:n] = batch.seq_ids[order]
        by_stream.outputs[:n] = batch.outputs[order]
        self._places[order] = np.arange(n, dtype=np.int32)
        self._native.n_tokens = n
        return self._native

    def place(self, row: int) -> int:
        return int(self._places[row])
