from __future__ import annotations

import pytest

from inference import LoadOptions
from inference.pool.policy import Demand, Plan, ResidentView, State, needs_reload, plan
from tests.inference.pool.scripted import spec

INF = float("inf")


def demand(letter: str, *, required_bytes: float = 0, alone: bool = False, **options: object) -> Demand:
    return Demand(
        spec=spec(letter),
        options=LoadOptions(**options),  # type: ignore[arg-type]
        required_bytes=required_bytes,
        alone=alone,
    )


def resident(
    letter: str,
    *,
    state: State = "ready",
    n_in_flight: int = 0,
    last_used: float = 0,
    size_bytes: float = 0,
    n_ctx: int = 4096,
    **options: object,
) -> ResidentView:
    return ResidentView(
        digest=letter * 64,
        options=LoadOptions(**options),  # type: ignore[arg-type]
        state=state,
        n_ctx=n_ctx,
        n_in_flight=n_in_flight,
        last_used=last_used,
        size_bytes=size_bytes,
    )


def decide(
    demands: list[Demand], residents: list[ResidentView], *, max_loaded: int = 1, available_bytes: float = INF
) -> Plan:
    return plan(demands, residents, max_loaded=max_loaded, available_bytes=available_bytes)


def test_a_resident_model_is_served() -> None:
    assert decide([demand("a")], [resident("a")]) == Plan(serve=(0,))


def test_a_model_takes_a_free_place() -> None:
    assert decide([demand("a")], []) == Plan(start=(0,))
    assert decide([demand("a"), demand("b")], [resident("c")], max_loaded=2) == Plan(
        start=(0,), evict=(("c" * 64, "place"),)
    )


def test_two_sets_of_options_for_one_absent_model_start_one_load() -> None:
    assert decide([demand("a"), demand("a", num_ctx=512)], [], max_loaded=3) == Plan(start=(0,))


@pytest.mark.parametrize("state", ["loading", "stopping"])
def test_a_model_that_loads_or_leaves_is_waited_for(state: State) -> None:
    assert decide([demand("a")], [resident("a", state=state)]) == Plan()


def test_the_idle_model_used_longest_ago_leaves() -> None:
    residents = [resident("a", last_used=3), resident("b", last_used=1), resident("c", last_used=2)]
    assert decide([demand("d")], residents, max_loaded=3).evict == (("b" * 64, "place"),)


def test_an_idle_model_leaves_before_a_busy_one_used_longer_ago() -> None:
    residents = [resident("a", last_used=1, n_in_flight=1), resident("b", last_used=2)]
    assert decide([demand("c")], residents, max_loaded=2) == Plan(evict=(("b" * 64, "place"),))


def test_where_all_are_busy_the_one_used_longest_ago_is_held_from_newer_requests() -> None:
    residents = [resident("a", n_in_flight=1, last_used=1), resident("b", n_in_flight=1, last_used=2)]
    newer = [demand("c"), demand("a"), demand("b")]
    assert decide(newer, residents, max_loaded=2) == Plan(serve=(2,), held=frozenset({"a" * 64}))


def test_an_older_request_is_served_before_its_model_is_held() -> None:
    busy = resident("a", n_in_flight=1)
    assert decide([demand("a"), demand("b")], [busy]) == Plan(serve=(0,), held=frozenset({busy.digest}))


def test_a_model_that_has_just_been_served_does_not_count_as_idle() -> None:
    assert decide([demand("a"), demand("b")], [resident("a")]) == Plan(serve=(0,), held=frozenset({"a" * 64}))


def test_a_model_that_leaves_already_makes_the_place_and_nobody_else_has_to() -> None:
    residents = [resident("a", state="stopping"), resident("b")]
    assert decide([demand("c")], residents, max_loaded=2) == Plan()
    assert decide([demand("c"), demand("d")], residents, max_loaded=2) == Plan(evict=(("b" * 64, "place"),))


def test_a_model_that_loads_is_nobodys_victim() -> None:
    assert decide([demand("b")], [resident("a", state="loading")]) == Plan()


def test_a_reload_waits_until_the_model_is_idle() -> None:
    busy = resident("a", n_in_flight=1)
    assert decide([demand("a", num_ctx=8192), demand("a")], [busy]) == Plan(held=frozenset({busy.digest}))
    assert decide([demand("a", num_ctx=8192)], [resident("a")]) == Plan(evict=(("a" * 64, "reload"),))


# Memory


def test_what_would_not_fit_an_empty_pool_is_refused() -> None:
    residents = [resident("a", size_bytes=50, n_in_flight=1), resident("b", size_bytes=20)]
    assert decide([demand("c", required_bytes=171)], residents, max_loaded=3, available_bytes=100) == Plan(refuse=(0,))


def test_idle_models_leave_until_it_fits_longest_unused_first() -> None:
    residents = [resident(name, size_bytes=50, last_used=used) for name, used in (("a", 2), ("b", 1), ("c", 3))]
    few = decide([demand("d", required_bytes=140)], residents, max_loaded=9, available_bytes=100)
    assert few.evict == (("b" * 64, "memory"),)
    more = decide([demand("d", required_bytes=160)], residents, max_loaded=9, available_bytes=100)
    assert [digest[0] for digest, _ in more.evict] == ["b", "a"]
    assert more.start == ()


def test_memory_that_only_a_busy_model_can_give_is_waited_for() -> None:
    residents = [resident("a", size_bytes=50, n_in_flight=1)]
    decision = decide([demand("b", required_bytes=140)], residents, max_loaded=2, available_bytes=100)
    assert decision == Plan(held=frozenset({"a" * 64}))


def test_memory_of_a_model_that_leaves_is_waited_for() -> None:
    residents = [resident("a", size_bytes=50, state="stopping"), resident("b", size_bytes=50)]
    assert decide([demand("c", required_bytes=140)], residents, max_loaded=3, available_bytes=100) == Plan()


def test_two_loads_do_not_both_get_the_same_memory() -> None:
    demands = [demand("a", required_bytes=60), demand("b", required_bytes=60)]
    assert decide(demands, [], max_loaded=2, available_bytes=100).start == (0,)


def test_a_second_try_waits_until_those_who_leave_are_gone() -> None:
    again = demand("a", alone=True)
    assert decide([again], [resident("b", state="stopping")], max_loaded=2) == Plan()
    assert decide([again], [], max_loaded=2) == Plan(start=(0,))


# Reloads


@pytest.mark.parametrize(
    ("options", "reloads"),
    [
        ({}, False),
        ({"num_ctx": 2048}, False),
        ({"num_ctx": 4096}, False),
        ({"num_ctx": 4097}, True),
        ({"num_ctx": 1 << 20}, True),
        ({"kv_cache_type": "q8_0"}, True),
        ({"gpu_layers": 5}, True),
        ({"gpu_layers": -1}, False),
        ({"num_threads": 3}, True),
        ({"num_batch": 128}, True),
        ({"flash_attention": "on"}, True),
        ({"main_gpu": 1}, True),
        ({"tensor_split": (1.0, 2.0)}, True),
        ({"use_mmap": False}, True),
        ({"num_cells": 77}, False),
    ],
)
def test_what_asks_for_another_load(options: dict[str, object], reloads: bool) -> None:
    assert needs_reload(resident("a"), demand("a", **options)) is reloads


def test_automatic_values_are_content_with_what_was_asked_for_before() -> None:
    loaded = resident("a", n_ctx=8192, num_ctx=8192, gpu_layers=7, num_threads=2, flash_attention="off")
    assert not needs_reload(loaded, demand("a"))


def test_more_context_than_the_model_was_trained_for_does_not_reload_again_and_again() -> None:
    assert not needs_reload(resident("a", n_ctx=8192), demand("a", num_ctx=100_000))
