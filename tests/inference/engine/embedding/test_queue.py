from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.engine.batch import Batch
from inference.engine.embedding.embedder import EmbedInfo
from inference.engine.embedding.queue import EmbedQueue, Input, Job
from inference.request import EmbedRequest


class Queue:
    """A queue driven step by step. ``decoded`` are the tokens of each input, as the decodes had them."""

    def __init__(self, *, n_batch: int = 10, n_seq_max: int = 4, n_cells: int = 40, can_split: bool = False) -> None:
        info = EmbedInfo(n_batch=n_batch, n_seq_max=n_seq_max, n_cells=n_cells, n_dims=1, can_split=can_split)
        self.info = info
        self.queue = EmbedQueue(info, target=8)
        self.batch = Batch(n_batch)
        self.ended: list[Input] = []
        self.memory: dict[int, list[int]] = {}

    def add(self, request_id: int, *lengths: int) -> Job:
        inputs = [[100 * request_id + index] * length for index, length in enumerate(lengths)]
        job = Job.of(request_id, EmbedRequest(inputs=("",) * len(lengths)), inputs)
        self.queue.add(job)
        return job

    def step(self) -> list[tuple[int, int]]:
        """One decode; its pieces as (first token of the input, tokens)."""
        pieces = self.queue.schedule(self.batch)
        assert 0 < self.batch.n_tokens <= self.info.n_batch
        for row in range(self.batch.n_tokens):
            cells = self.memory.setdefault(int(self.batch.seq_ids[row]), [])
            assert self.batch.positions[row] == len(cells)
            cells.append(int(self.batch.tokens[row]))
        assert sum(map(len, self.memory.values())) <= self.info.n_cells
        seen = [(int(piece.input.tokens[0]), piece.n) for piece in pieces]
        for each, seq_id in self.queue.complete(pieces):
            assert self.memory.pop(seq_id) == each.tokens.tolist()
            self.ended.append(each)
            if not each.job.n_unfinished:
                assert self.queue.remove(each.job.request_id) == []
        return seen

    def run(self) -> list[list[tuple[int, int]]]:
        steps = []
        while self.queue.jobs:
            steps.append(self.step())
            assert len(steps) < 1000, "it does not come to an end"
        return steps


def test_several_inputs_share_a_decode_up_to_the_target() -> None:
    queue = Queue()
    queue.add(1, 3, 3, 3)
    assert queue.run() == [[(100, 3), (101, 3)], [(102, 3)]]


def test_the_longest_go_first_and_the_shortest_fill_up() -> None:
    queue = Queue()
    queue.add(1, 2, 6, 5, 3)
    assert queue.run() == [[(101, 6), (100, 2)], [(102, 5), (103, 3)]]


def test_requests_take_turns_so_that_a_small_one_does_not_wait_for_a_large_one() -> None:
    queue = Queue()
    queue.add(1, *[4] * 20)
    queue.add(2, 4)
    assert queue.step() == [(100, 4), (200, 4)]


def test_an_input_longer_than_the_target_has_a_decode_for_itself() -> None:
    queue = Queue()
    queue.add(1, 10, 1)
    assert queue.run() == [[(100, 10)], [(101, 1)]]


def test_where_inputs_can_be_split_a_long_one_goes_in_pieces() -> None:
    queue = Queue(can_split=True)
    queue.add(1, 12)
    queue.add(2, 3)
    assert queue.run() == [[(100, 8)], [(100, 4), (200, 3)]]


def test_no_more_begin_than_there_are_sequences() -> None:
    queue = Queue(n_seq_max=2)
    queue.add(1, 1, 1, 1)
    assert queue.run() == [[(100, 1), (101, 1)], [(102, 1)]]


def test_where_cells_are_short_the_oldest_request_gets_them() -> None:
    queue = Queue(can_split=True, n_cells=12)
    queue.add(1, 10)
    assert queue.step() == [(100, 8)]
    queue.add(2, 9)
    queue.add(3, 2)
    assert queue.step() == [(100, 2)], "the third request would fit, but may not pass the second"
    assert queue.step() == [(200, 8)]


def test_a_removed_request_leaves_its_sequences_free() -> None:
    queue = Queue(can_split=True)
    queue.add(1, 30)
    queue.step()
    (seq_id,) = queue.queue.remove(1)
    queue.memory.pop(seq_id)
    assert queue.queue.remove(1) == []
    queue.add(2, *[8] * 4)
    queue.run()
    assert len(queue.ended) == 4


def test_what_is_rolled_back_begins_again() -> None:
    queue = Queue(can_split=True)
    queue.add(1, 12, 2)
    queue.step()
    for seq_id in queue.queue.rollback():
        queue.memory.pop(seq_id, None)
    queue.run()
    assert sorted(each.index for each in queue.ended) == [0, 1]


def test_alone_a_decode_takes_inputs_of_one_request() -> None:
    queue = Queue()
    queue.add(1, 2, 2)
    queue.add(2, 2)
    queue.queue.alone = True
    assert queue.run() == [[(100, 2), (101, 2)], [(200, 2)]]


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.lists(st.integers(1, 10), min_size=1, max_size=12), min_size=1, max_size=5),
    can_split=st.booleans(),
    n_cells=st.integers(10, 40),
)
def test_every_input_is_decoded_once_and_whole(lengths: list[list[int]], can_split: bool, n_cells: int) -> None:
    queue = Queue(can_split=can_split, n_cells=n_cells)
    for request_id, each in enumerate(lengths, 1):
        queue.add(request_id, *each)
    queue.run()
    assert sorted((each.job.request_id, each.index) for each in queue.ended) == sorted(
        (request_id, index) for request_id, each in enumerate(lengths, 1) for index in range(len(each))
    )


@pytest.mark.parametrize("can_split", [False, True])
def test_a_large_request_packs_its_decodes(can_split: bool) -> None:
    queue = Queue(n_seq_max=64, n_cells=1000, can_split=can_split)
    lengths = np.random.default_rng(1).integers(1, 8, 100).tolist()
    queue.add(1, *lengths)
    assert len(queue.run()) <= 1.1 * sum(lengths) / 8 + 1
