from __future__ import annotations

import numpy as np
import pytest

from inference.engine.media import placeholders
from inference.engine.media.placeholders import cut_before, cut_behind, n_positions, span_end, span_start, whole_spans

IMAGE = placeholders.placeholders(b"image", 5, 5)
TOKENS = np.concatenate([np.array([7, 8], np.int32), IMAGE, np.array([9], np.int32), IMAGE, IMAGE])


def test_a_span_is_all_negative_and_only_its_beginning_is_its_first() -> None:
    assert (IMAGE < 0).all()
    assert [placeholders.is_first(token) for token in IMAGE.tolist()] == [True, False, False, False, False]
    assert [placeholders.is_inside(token) for token in IMAGE.tolist()] == [False, True, True, True, True]


def test_the_same_key_gives_the_same_numbers_and_another_gives_others() -> None:
    assert (placeholders.placeholders(b"image", 5, 5) == IMAGE).all()
    assert (placeholders.placeholders(b"other", 5, 5) != IMAGE).all()


@pytest.mark.parametrize(("n", "expected"), [(0, 0), (1, 1), (2, 2), (3, 2), (6, 2), (7, 7), (8, 8), (9, 8), (13, 13)])
def test_a_cut_goes_back_to_the_beginning_of_a_span(n: int, expected: int) -> None:
    assert cut_before(TOKENS, n) == expected


@pytest.mark.parametrize(("n", "expected"), [(1, 1), (2, 2), (3, 7), (6, 7), (7, 7), (9, 13), (13, 13), (14, 18)])
def test_or_on_to_its_end(n: int, expected: int) -> None:
    assert cut_behind(TOKENS, n) == expected


def test_a_cut_behind_the_last_token_stays_there() -> None:
    assert cut_before(TOKENS, len(TOKENS)) == cut_behind(TOKENS, len(TOKENS)) == len(TOKENS)


def test_spans_side_by_side_are_told_apart() -> None:
    assert (span_start(TOKENS, 12), span_end(TOKENS, 12)) == (8, 13)
    assert (span_start(TOKENS, 13), span_end(TOKENS, 13)) == (13, 18)


def test_a_run_grows_until_it_holds_whole_spans() -> None:
    assert whole_spans(TOKENS, 4, 1) == (2, 5)
    assert whole_spans(TOKENS, 1, 8) == (1, 12)
    assert whole_spans(TOKENS, 0, 2) == (0, 2)


def test_positions_are_tokens_but_for_spans_that_take_fewer() -> None:
    square = placeholders.placeholders(b"square", 9, 3)
    assert n_positions(TOKENS) == len(TOKENS)
    assert n_positions(np.concatenate([TOKENS[:2], square, TOKENS[:1]])) == 2 + 3 + 1
