"""Prompts: the same for both servers, new in every round, shared only where sharing is the point."""

from __future__ import annotations

import pytest

from tests.bench.workloads import WORKLOADS, Workload

BY_NAME = {workload.name: workload for workload in WORKLOADS}


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_a_seed_gives_the_same_prompts_again_and_another_seed_others(workload: Workload) -> None:
    assert workload.prompts(1) == workload.prompts(1)
    assert workload.prompts(1) != workload.prompts(2)
    assert len(workload.prompts(1)) == workload.n_requests


def test_unrelated_prompts_differ_from_their_first_words_on() -> None:
    starts = {messages[0]["content"][:24] for messages in BY_NAME["unrelated"].prompts(3)}
    assert len(starts) == BY_NAME["unrelated"].n_requests


def test_the_shared_system_prompt_is_one_within_a_round() -> None:
    prompts = BY_NAME["shared"].prompts(3)
    assert len({messages[0]["content"] for messages in prompts}) == 1
    assert len({messages[1]["content"] for messages in prompts}) == len(prompts)


def test_a_request_is_greedy_and_asks_for_usage() -> None:
    workload = BY_NAME["single"]
    body = workload.body(workload.prompts(1)[0], model="m")
    assert body["temperature"] == 0
    assert body["stream_options"] == {"include_usage": True}
