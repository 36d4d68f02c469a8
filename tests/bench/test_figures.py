"""The arithmetic that the benchmark's table rests on."""

from __future__ import annotations

import pytest

from tests.bench.figures import Answer, Round, percentile, ratio


def answer(*seconds: float, n_tokens: int = 0) -> Answer:
    return Answer(
        text="x", n_prompt=5, n_tokens=n_tokens or len(seconds), finish_reason="length", piece_seconds=tuple(seconds)
    )


def round_of(*answers: Answer, wall_seconds: float = 1.0) -> Round:
    return Round(answers=answers, wall_seconds=wall_seconds, client_seconds=0.25 * wall_seconds)


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1.0), (50, 2.5), (95, 3.85), (100, 4.0)], ids=["least", "median", "p95", "most"]
)
def test_a_percentile_lies_between_the_nearest_ranks(percent: float, expected: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], percent) == pytest.approx(expected)


def test_nothing_has_no_percentile() -> None:
    assert percentile([], 95) == 0.0


def test_time_per_token_counts_tokens_and_not_pieces() -> None:
    assert answer(1.0, 2.0, 3.0, n_tokens=5).seconds_per_token == pytest.approx(0.5)


def test_one_token_has_no_time_per_token() -> None:
    assert answer(1.0).seconds_per_token == 0.0


def test_a_round_adds_its_clients_up() -> None:
    result = round_of(answer(0.1, 0.2), answer(0.3, 0.4, 0.6), wall_seconds=2.0)
    assert result.tokens_per_second == pytest.approx(2.5)
    assert result.ttft_seconds == pytest.approx(0.2)
    assert result.gap_p95_seconds == pytest.approx(0.19)
    assert result.client_share == pytest.approx(0.25)


def test_a_ratio_is_taken_round_by_round() -> None:
    rounds_a = [round_of(answer(0.1, 0.2), wall_seconds=seconds) for seconds in (1.0, 2.0, 4.0)]
    rounds_b = [round_of(answer(0.1, 0.2), wall_seconds=seconds) for seconds in (2.0, 2.0, 2.0)]
    found = ratio(rounds_a, rounds_b, "tokens_per_second")
    assert (found.median, found.low, found.high) == (1.0, 0.5, 2.0)
    assert str(found) == "1.00 (0.50–2.00)"


def test_servers_with_different_numbers_of_rounds_are_not_compared() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        ratio([round_of(answer(0.1))] * 2, [round_of(answer(0.1))], "tokens_per_second")


def test_a_metric_that_is_nowhere_has_no_ratio() -> None:
    with pytest.raises(ValueError, match="gap_p95_seconds"):
        ratio([round_of(answer(0.1))], [round_of(answer(0.1))], "gap_p95_seconds")
