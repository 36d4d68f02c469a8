"""Which streams change places: llama.cpp decodes neighbours together, and no others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inference.engine.streams import adjoining, exchanges


def test_neighbours_stay_where_they_are() -> None:
    assert exchanges([4, 2, 3], [1] * 8) == []
    assert exchanges([5], [1] * 8) == []
    assert exchanges([], [1] * 8) == []


def test_the_fewest_tokens_move() -> None:
    assert exchanges([0, 1, 3], [500, 500, 0, 20]) == [(3, 2)]
    assert exchanges([0, 2, 3], [20, 0, 500, 500]) == [(0, 1)]
    assert exchanges([0, 7], [9, 9, 9, 9, 9, 9, 1, 9]) == [(0, 6)]


def test_what_leaves_no_gap() -> None:
    assert list(adjoining([3, 5])) == [2, 3, 4, 5, 6]
    assert not adjoining([])


@given(held=st.lists(st.integers(0, 100), min_size=1, max_size=10), data=st.data())
def test_afterwards_the_busy_ones_are_neighbours(held: list[int], data: st.DataObject) -> None:
    busy = data.draw(st.sets(st.sampled_from(range(len(held))), min_size=1))
    pairs = dict(exchanges(sorted(busy), held))
    assert not busy.intersection(pairs.values())
    places = {pairs.get(stream, stream) for stream in busy}
    assert len(places) == len(busy) == max(places) - min(places) + 1
