"""What the scheduler does for a cache with a stream for each lane: neighbours, copies, and turns by swapping."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from inference.engine.scheduler import QUANTUM
from inference.events import Finished
from inference.request import SamplingOptions
from tests.inference.engine.support import Engine, echo


def new_engine(query: str = "", **options: Any) -> Engine:
    engine = Engine(f"{query}&layout=streams", **options)
    assert engine.backend.info.layout == "streams"
    return engine


def streams_of_a_step(engine: Engine) -> list[int]:
    step = engine.scheduler.schedule()
    assert step is not None
    streams = sorted(set(step.batch.seq_ids[: step.batch.n_tokens].tolist()))
    engine.backend.decode(step.batch)
    engine.scheduler.complete(step)
    engine.events += engine.scheduler.take_events()
    return streams


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("memory", ["swap=9000", "swap=3000", "shift=0&swap=9000"])
def test_what_is_decoded_together_is_neighbours_whoever_comes_and_goes(seed: int, memory: str) -> None:
    chance = random.Random(seed)
    engine = new_engine(f"length=40&{memory}", num_parallel=6, quantum=8)
    expected = {}
    for _ in range(300):
        if chance.random() < 0.1:
            prompt = chance.choice(["a system prompt of everyone: ", ""]) + str(chance.randrange(30))
            expected[engine.add(prompt)] = prompt
        if chance.random() < 0.05 and engine.scheduler.lanes.running:
            engine.scheduler.cancel(chance.choice(engine.scheduler.lanes.running).request_id)
        if not engine.scheduler.is_idle:
            streams = streams_of_a_step(engine)
            assert streams[-1] - streams[0] == len(streams) - 1
    engine.run()
    finished = [sequence for sequence in expected if isinstance(engine.end(sequence), Finished)]
    assert len(finished) > 3
    for sequence in finished:
        assert engine.text(sequence) == echo(expected[sequence], 40)


def test_an_idle_prefix_that_makes_way_for_a_neighbour_is_still_there() -> None:
    engine = new_engine("length=60&swap=9000", num_parallel=3)
    sequences = [engine.add(name * 40, num_predict=n) for name, n in (("a", 60), ("b", 5), ("c", 60))]
    engine.run(until=lambda: engine.end(sequences[1]) is not None)
    assert streams_of_a_step(engine) in ([0, 1], [1, 2])
    again = engine.add("b" * 40 + "bbbb and then?", num_predict=1)
    engine.run()
    assert engine.started(again).n_cached == 44
    assert engine.text(sequences[0]) == "a" * 60


def test_without_room_for_copies_a_gap_stays_and_nothing_is_lost() -> None:
    engine = new_engine("length=60&swap=100", num_parallel=3)
    sequences = [engine.add(name * 40, num_predict=n) for name, n in (("a", 60), ("b", 5), ("c", 60))]
    engine.run(until=lambda: engine.end(sequences[1]) is not None)
    assert streams_of_a_step(engine) == [0, 2]
    engine.run()
    assert [engine.text(sequences[0]), engine.text(sequences[2])] == ["a" * 60, "c" * 60]


def test_an_exchange_that_fails_costs_a_prefill_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = new_engine("length=60&swap=9000", num_parallel=3)
    sequences = [engine.add(name * 40, num_predict=n) for name, n in (("a", 60), ("b", 5), ("c", 60))]
    engine.run(until=lambda: engine.end(sequences[1]) is not None)
    with monkeypatch.context() as patch:
        patch.setattr(engine.backend, "seq_load", lambda seq_id, state: False)
        streams_of_a_step(engine)
    engine.run()
    assert max(engine.backend.decoded[6:]) > 40
    assert [engine.text(sequences[0]), engine.text(sequences[2])] == ["a" * 60, "c" * 60]


def test_more_requests_than_lanes_take_turns_without_another_prefill() -> None:
    engine = new_engine("length=40&swap=9000", num_parallel=2, quantum=QUANTUM)
    prompts = [f"request number {number}" for number in range(6)]
    sequences = [engine.add(prompt) for prompt in prompts]
    engine.run(until=lambda: all(sequence.n_generated for sequence in sequences))
    assert not any(engine.end(sequence) for sequence in sequences)
    engine.run()
    assert [engine.text(sequence) for sequence in sequences] == [echo(prompt, 40) for prompt in prompts]
    assert sum(engine.backend.decoded) <= sum(map(len, prompts)) + 6 * 40


def test_without_space_to_swap_a_turn_is_as_long_as_what_is_prefilled_again() -> None:
    engine = new_engine("length=150", num_parallel=2, quantum=5)
    running = [engine.add(name * 100) for name in "ab"]
    waiting = engine.add("c")
    engine.run(until=lambda: waiting.n_generated > 0)
    assert all(sequence.n_generated >= 100 for sequence in running)
    engine.run()
    assert [engine.text(each) for each in (*running, waiting)] == ["a" * 150, "b" * 150, "c" * 150]


def test_the_end_of_a_chat_is_remembered_when_another_takes_its_beginning() -> None:
    engine = new_engine("length=4&swap=9000", num_parallel=2)
    engine.add("somebody else, all the time", sampling=SamplingOptions(seed=1))
    engine.backend.settings = msgspec.structs.replace(engine.backend.settings, length=-1)
    system = "the system prompt of all of them: "
    for question in ("a first question", "another one"):
        asked = engine.add(system + question, num_predict=4)
        engine.run(until=lambda asked=asked: engine.end(asked) is not None)  # type: ignore[misc]
    turn = engine.add(system + "a first question" + system[:4] + "and now?", num_predict=1)
    engine.run(until=lambda: engine.end(turn) is not None)
    assert engine.started(turn).n_cached >= len(system + "a first question") + 3


def test_a_long_chat_is_not_copied_for_a_few_tokens_of_it() -> None:
    engine = new_engine("length=1&swap=9000", num_parallel=2)
    engine.add("beginning: " + "x" * 200, num_predict=1)
    engine.run()
    other = engine.add("beginning: y")
    engine.run()
    assert engine.started(other).n_cached == 0
    third = engine.add("beginning: z")
    engine.run()
    assert engine.started(third).n_cached == len("beginning: ")


def test_what_was_just_shifted_is_not_copied_before_its_keys_have_moved() -> None:
    engine = new_engine("length=200&text=abcdefgh&swap=9000", num_ctx=64, num_parallel=3)
    sequences = [engine.add(name * 8, num_predict=n) for name, n in (("x", 200), ("y", 49), ("z", 200))]
    engine.run()  # FakeMemory raises if a copy is taken too early
    assert engine.text(sequences[0]) == engine.text(sequences[2]) == echo("abcdefgh", 200)
