"""Embedders side by side: who gets which inputs, and that nobody is left at work."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.engine.backend import Aborted
from inference.engine.batch import Batch
from inference.engine.embedding.embedder import EmbedInfo, Vector
from inference.engine.embedding.lanes import EmbedLanes, dealt
from inference.errors import DecodeFailed

INFO = EmbedInfo(n_batch=64, n_seq_max=8, n_cells=64, n_dims=1, can_split=False)


class Lane:
    """Notes what it decodes; an input's vector is the sum of its tokens."""

    info = INFO

    def __init__(self, during: Callable[[], None] = lambda: None) -> None:
        self.decoded: dict[int, list[int]] = {}
        self.positions: list[int] = []
        self.forgotten: list[int] = []
        self.closed = self.aborted = False
        self._during = during

    def decode(self, batch: Batch) -> None:
        self._during()
        for row in range(batch.n_tokens):
            self.decoded.setdefault(int(batch.seq_ids[row]), []).append(int(batch.tokens[row]))
            self.positions.append(int(batch.positions[row]))

    def vector(self, seq_id: int) -> Vector:
        return np.array([sum(self.decoded[seq_id])], np.float32)

    def forget(self, seq_id: int) -> None:
        self.forgotten.append(seq_id)

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.closed = True


def batch_of(*inputs: list[int]) -> Batch:
    batch = Batch(64)
    for seq_id, tokens in enumerate(inputs):
        batch.add(seq_id, tokens, 0, output=True)
    return batch


def test_every_input_is_decoded_whole_in_one_lane_and_its_vector_is_found_there() -> None:
    lanes = [Lane(), Lane()]
    both = EmbedLanes(lanes)
    inputs = [[1, 2, 3], [4], [5, 6], [7]]
    both.decode(batch_of(*inputs))
    assert sorted([*lanes[0].decoded, *lanes[1].decoded]) == [0, 1, 2, 3]
    assert [float(both.vector(i)[0]) for i in range(4)] == [float(sum(tokens)) for tokens in inputs]
    assert [len(lane.positions) for lane in lanes] == [4, 3]
    both.close()
    assert all(lane.closed for lane in lanes)


def test_the_lanes_decode_at_the_same_time() -> None:
    together = threading.Barrier(2, timeout=30)
    both = EmbedLanes([Lane(together.wait), Lane(together.wait)])  # type: ignore[arg-type]
    both.decode(batch_of([1], [2]))
    assert not together.broken
    both.close()


def test_one_input_needs_the_first_lane_only() -> None:
    lanes = [Lane(), Lane()]
    both = EmbedLanes(lanes)
    both.decode(batch_of([1, 2]))
    assert (lanes[0].decoded, lanes[1].decoded) == ({0: [1, 2]}, {})
    both.close()


def test_a_sequence_is_forgotten_where_it_was_decoded() -> None:
    lanes = [Lane(), Lane()]
    both = EmbedLanes(lanes)
    both.decode(batch_of([1, 2], [3]))
    for seq_id in (0, 1, 7):
        both.forget(seq_id)
    assert [lane.forgotten for lane in lanes] == [[0], [1]]
    both.close()


@pytest.mark.parametrize("failing", [0, 1])
@pytest.mark.parametrize("error", [Aborted(), DecodeFailed("no")])
def test_an_error_of_one_lane_comes_out_when_the_other_has_ended(failing: int, error: Exception) -> None:
    ended = threading.Event()

    def fail() -> None:
        raise error

    def take_long() -> None:
        threading.Event().wait(0.05)
        ended.set()

    lanes = [Lane(fail if i == failing else take_long) for i in range(2)]
    both = EmbedLanes(lanes)
    with pytest.raises(type(error)):
        both.decode(batch_of([1], [2]))
    assert ended.is_set()
    both.abort()
    assert all(lane.aborted for lane in lanes)
    both.close()


def test_it_tells_of_all_its_lanes() -> None:
    both = EmbedLanes([Lane(), Lane(), Lane()])
    assert (both.info.n_lanes, both.info.n_batch, both.info.n_seq_max) == (3, 192, 8)
    both.close()


@given(st.lists(st.integers(1, 512), min_size=1, max_size=64), st.integers(1, 4))
def test_no_lane_has_more_than_its_share_and_one_input(lengths: list[int], n_lanes: int) -> None:
    lanes = dealt(lengths, n_lanes)
    loads = [sum(n for n, lane in zip(lengths, lanes, strict=True) if lane == each) for each in range(n_lanes)]
    assert loads[0] > 0
    assert max(loads) <= sum(lengths) / n_lanes + max(lengths)
