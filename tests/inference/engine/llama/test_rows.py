"""The order of a batch's rows on their way to llama.cpp, and the way back."""

from __future__ import annotations

import pytest

from inference.engine.batch import Batch
from inference.engine.opening import llama_available

if not llama_available():
    pytest.skip("llama-cpp-python is not installed", allow_module_level=True)

from inference.engine.llama.rows import RowsByStream, RowsInOrder


def filled(batch: Batch) -> list[int]:
    """Two decoding sequences around one that prefills; the rows of their outputs."""
    return [
        batch.add_one(2, 20, 7),
        batch.add_one(0, 10, 5),
        batch.add(1, [11, 12, 13], 0, output=True),
    ]


def test_by_stream_the_rows_of_each_stay_together_and_in_order() -> None:
    batch = Batch(8)
    rows = RowsByStream(batch)
    for _ in range(2):
        batch.clear()
        outputs = filled(batch)
        native = rows.native()
        assert native.n_tokens == 5
        assert [native.token[i] for i in range(5)] == [10, 11, 12, 13, 20]
        assert [native.pos[i] for i in range(5)] == [5, 0, 1, 2, 7]
        assert [native.seq_id[i][0] for i in range(5)] == [0, 1, 1, 1, 2]
        assert [native.logits[i] for i in range(5)] == [1, 0, 0, 1, 1]
        assert [rows.place(row) for row in outputs] == [4, 0, 3]


def test_in_order_nothing_moves() -> None:
    batch = Batch(8)
    rows = RowsInOrder(batch)
    outputs = filled(batch)
    native = rows.native()
    assert [native.token[i] for i in range(5)] == [20, 10, 11, 12, 13]
    assert [rows.place(row) for row in outputs] == outputs
