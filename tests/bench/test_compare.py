"""The order of the rounds, the table, and the verdict on it."""

from __future__ import annotations

import pytest

from tests.bench import compare as compare_module
from tests.bench.compare import Comparison, compare, table
from tests.bench.figures import Answer, Round
from tests.bench.run import TARGETS, verdict
from tests.bench.workloads import WORKLOADS, Workload


def round_of(tokens_per_second: float) -> Round:
    answer = Answer(text="x", n_prompt=5, n_tokens=10, finish_reason="length", piece_seconds=(0.1, 0.2, 0.4))
    return Round(answers=(answer,), wall_seconds=10 / tokens_per_second, client_seconds=0.01)


def comparison(workload: Workload, speed_a: float) -> Comparison:
    return Comparison(workload=workload, rounds_a=(round_of(speed_a),), rounds_b=(round_of(10.0),))


def test_rounds_alternate_and_both_servers_get_the_same_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int]] = []

    async def fake_round(url: str, workload: Workload, *, model: str, seed: int) -> Round:
        seen.append((url, seed))
        return round_of(10.0)

    monkeypatch.setattr(compare_module, "run_round", fake_round)
    found = compare("A", "B", WORKLOADS[0], model="m", seed=7, rounds=3)
    assert seen == [("A", 7), ("B", 7), ("B", 8), ("A", 8), ("A", 9), ("B", 9)]
    assert (len(found.rounds_a), len(found.rounds_b)) == (3, 3)


def test_the_table_has_a_row_for_each_workload() -> None:
    lines = table([comparison(workload, 12.0) for workload in WORKLOADS]).splitlines()
    assert len({line.count("|") for line in lines[: len(WORKLOADS) + 2]}) == 1
    assert "| 12.0 | 10.0 | 1.20 (1.20–1.20) |" in lines[2]
    assert lines[-1] == "The load generator took at most 1.2% of one core."


def test_every_workload_has_a_target() -> None:
    assert TARGETS.keys() == {workload.name for workload in WORKLOADS}


@pytest.mark.parametrize(("speed", "word"), [(9.7, "MISSED"), (9.81, "reached")])
def test_a_verdict_says_whether_the_target_is_reached(speed: float, word: str) -> None:
    assert verdict(comparison(WORKLOADS[0], speed)).endswith(word)
