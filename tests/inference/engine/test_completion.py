from __future__ import annotations

import pytest

from inference.engine.completion import shift_range


@pytest.mark.parametrize(
    ("num_keep", "n_tokens", "expected"),
    [(4, 64, (4, 30)), (0, 64, (0, 32)), (-1, 64, (62, 1)), (500, 64, (62, 1)), (4, 4, (2, 1))],
)
def test_half_of_what_is_not_kept_is_dropped_and_one_token_at_least(
    num_keep: int, n_tokens: int, expected: tuple[int, int]
) -> None:
    assert shift_range(num_keep, n_tokens) == expected
