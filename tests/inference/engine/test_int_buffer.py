from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.engine.int_buffer import IntBuffer, common_prefix

ints = st.lists(st.integers(0, 5), max_size=12)


def test_it_grows_by_one_and_by_many() -> None:
    buffer = IntBuffer([1, 2])
    for value in range(1000):
        buffer.append(value)
    buffer.extend([7, 8])
    assert buffer.view().tolist() == [1, 2, *range(1000), 7, 8]
    assert (len(buffer), buffer.last()) == (1004, 8)


def test_truncating_never_brings_anything_back() -> None:
    buffer = IntBuffer([1, 2, 3])
    buffer.truncate(1)
    buffer.truncate(3)
    assert buffer.view().tolist() == [1]


@pytest.mark.parametrize(("start", "end"), [(0, 0), (0, 2), (1, 3), (2, 5), (0, 5)])
def test_deleting_a_range_closes_the_gap(start: int, end: int) -> None:
    expected = [0, 1, 2, 3, 4]
    buffer = IntBuffer(expected)
    buffer.delete(start, end)
    del expected[start:end]
    assert buffer.view().tolist() == expected


@given(left=ints, right=ints)
def test_the_common_prefix_is_what_a_loop_finds(left: list[int], right: list[int]) -> None:
    expected = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        expected += 1
    assert common_prefix(np.array(left, np.int32), np.array(right, np.int32)) == expected
