"""The swap space by itself: what it keeps, and in which order it forgets."""

from __future__ import annotations

import numpy as np

from inference.engine.swap import Swapped, SwapSpace


def entry(tokens: list[int], *, scope: str = "", n_bytes: int = 10) -> Swapped:
    return Swapped(np.array(tokens, np.int32), scope, np.zeros(n_bytes, np.uint8))


def found(space: SwapSpace, tokens: list[int], scope: str = "") -> int:
    return space.longest_prefix(np.array(tokens, np.int32), scope)[1]


def test_the_longest_prefix_of_the_same_scope_without_the_last_token() -> None:
    space = SwapSpace(100)
    for each in (entry([1, 2, 9]), entry([1, 2, 3, 4]), entry([1, 2, 3, 4, 5, 6], scope="other")):
        space.add(each)
    assert found(space, [1, 2, 3, 4, 5]) == 4
    assert found(space, [1, 2, 3, 4]) == 3
    assert found(space, [7]) == 0
    assert found(space, [1, 2, 3, 4, 5, 6, 7], "other") == 6


def test_a_longer_one_takes_the_place_of_its_own_beginning() -> None:
    space = SwapSpace(100)
    for each in (entry([1, 2]), entry([1, 3]), entry([1, 2], scope="other"), entry([1, 2, 3])):
        space.add(each)
    assert len(space) == 3
    assert space.n_bytes == 30


def test_the_longest_unused_goes_first_and_use_counts() -> None:
    space = SwapSpace(25)
    first, second = entry([1]), entry([2])
    space.add(first)
    space.add(second)
    space.touch(first)
    space.add(entry([3]))
    assert (found(space, [1, 0]), found(space, [2, 0]), found(space, [3, 0])) == (1, 0, 1)
    space.discard(first)
    space.discard(first)
    assert space.n_bytes == 10


def test_room_is_made_by_forgetting_the_longest_unused() -> None:
    space = SwapSpace(25)
    for each in (entry([1]), entry([2])):
        space.add(each)
    assert space.make_room(10)
    assert (found(space, [1, 0]), found(space, [2, 0])) == (0, 1)
    assert not space.make_room(26)
    assert len(space) == 1


def test_what_is_larger_than_all_of_it_does_not_fit() -> None:
    assert SwapSpace(10).fits(10)
    assert not SwapSpace(10).fits(11)
    assert not SwapSpace(0).fits(0)
