from __future__ import annotations

import numpy as np

from inference.engine.batch import Batch


def test_a_run_asks_for_the_logits_of_its_last_token_only() -> None:
    batch = Batch(8)
    assert batch.add(3, [10, 11, 12], 5, output=True) == 2
    assert batch.add_one(4, 20, 9) == 3
    assert batch.tokens[:4].tolist() == [10, 11, 12, 20]
    assert batch.positions[:4].tolist() == [5, 6, 7, 9]
    assert batch.seq_ids[:4].tolist() == [3, 3, 3, 4]
    assert batch.outputs[:4].tolist() == [0, 0, 1, 1]
    assert (batch.n_tokens, batch.room) == (4, 4)


def test_a_cleared_batch_keeps_nothing_of_the_last_step() -> None:
    batch = Batch(4)
    batch.add(0, np.array([1, 2], np.int32), 0, output=True)
    batch.clear()
    batch.add(0, [1, 2, 3], 2, output=False)
    assert batch.outputs[:3].tolist() == [0, 0, 0]
