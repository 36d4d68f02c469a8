"""The fake is the scheduler's judge: it has to notice what llama.cpp would not."""

from __future__ import annotations

import pytest

from inference.engine.batch import Batch
from inference.engine.fake.memory import FakeMemory


def store(memory: FakeMemory, seq_id: int, tokens: list[int], position: int) -> None:
    batch = Batch(16)
    batch.add(seq_id, tokens, position, output=True)
    memory.store(batch)


def test_a_gap_or_a_taken_position_is_noticed() -> None:
    memory = FakeMemory(16)
    store(memory, 0, [1, 2], 0)
    for position in (1, 3):
        with pytest.raises(AssertionError):
            store(memory, 0, [9], position)


def test_shared_cells_count_once_and_must_not_move() -> None:
    memory = FakeMemory(16)
    store(memory, 0, [1, 2, 3, 4], 0)
    memory.seq_cp(0, 1, 0, 4)
    assert (memory.n_used, memory.tokens(1)) == (4, [1, 2, 3, 4])
    memory.seq_rm(0, 0, 2)
    with pytest.raises(AssertionError):
        memory.seq_add(0, 2, -1, -2)
    memory.seq_rm(1, -1, -1)
    memory.seq_add(0, 2, -1, -2)
    store(memory, 0, [5], 2)
    assert (memory.n_used, memory.tokens(0)) == (3, [3, 4, 5])


def test_recurrent_memory_is_cut_whole_or_not_at_all() -> None:
    memory = FakeMemory(16, can_cut=False)
    store(memory, 0, [1, 2, 3], 0)
    assert not memory.seq_rm(0, 1, -1)
    assert memory.seq_rm(0, 3, -1)
    assert memory.seq_rm(0, -1, -1)
    assert memory.n_used == 0
