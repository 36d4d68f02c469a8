"""The scheduler against the fake backend, which refuses a gap, a taken position and a moved cell that is shared."""

from __future__ import annotations

import random

import pytest

from inference.config import KVLayout
from inference.engine.backend import CacheFull
from inference.engine.scheduler import QUANTUM
from inference.engine.sequence import State
from inference.errors import DecodeFailed, ShuttingDown
from inference.events import Failed, Finished, Started, TextDelta
from inference.request import SamplingOptions
from tests.inference.engine.support import Engine, echo


@pytest.fixture(autouse=True, params=["unified", "streams"])
def layout(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> KVLayout:
    monkeypatch.setattr(Engine, "layout", request.param)
    return request.param  # type: ignore[no-any-return]


in_one_cache = pytest.mark.parametrize("layout", ["unified"], indirect=True)


def test_an_answer_starts_streams_and_finishes() -> None:
    engine = Engine("length=5")
    sequence = engine.add("hello")
    engine.run()
    assert [type(event) for event in engine.of(sequence)] == [Started, *[TextDelta] * 5, Finished]
    assert engine.text(sequence) == "hello"
    finished = engine.finished(sequence)
    assert (finished.reason, finished.n_prompt, finished.n_generated) == ("stop", 5, 5)


def test_a_request_waits_in_no_lane_then_prefills_then_decodes_then_is_finished() -> None:
    engine = Engine("length=2", num_parallel=1)
    sequence = engine.add("x" * 100)
    assert sequence.state is State.WAITING
    engine.step()
    assert (sequence.state, sequence.n_past) == (State.PREFILL, 64)
    engine.step()
    assert (sequence.state, sequence.n_past) == (State.DECODE, 100)
    engine.run()
    assert sequence.state is State.FINISHED


def test_one_step_carries_a_token_of_every_decoding_sequence_and_fills_up_with_prefill() -> None:
    engine = Engine("length=-1")
    first, second = engine.add("first"), engine.add("second")
    engine.run(until=lambda: first.state is second.state is State.DECODE)
    long = engine.add("z" * 200)
    assert engine.step() == 64
    assert long.n_past == 62
    assert first.n_generated == second.n_generated == 2


def test_sequences_decode_side_by_side_and_none_waits_for_another_to_finish() -> None:
    engine = Engine("length=100")
    sequences = [engine.add(prompt) for prompt in ("alpha", "beta", "gamma", "delta")]
    engine.run(until=lambda: engine.end(sequences[0]) is not None)
    assert all(sequence.n_generated >= 99 for sequence in sequences)


@pytest.mark.parametrize(("num_predict", "n_generated"), [(0, 0), (1, 1), (7, 7)])
def test_num_predict_ends_an_answer_with_length(num_predict: int, n_generated: int) -> None:
    engine = Engine("length=-1")
    sequence = engine.add("abc", num_predict=num_predict)
    engine.run()
    finished = engine.finished(sequence)
    assert (finished.reason, finished.n_generated) == ("length", n_generated)
    assert engine.text(sequence) == echo("abc", n_generated)


def test_a_stop_string_across_tokens_ends_the_answer_and_is_not_in_it() -> None:
    engine = Engine("length=-1&text=one two STOP three")
    sequence = engine.add("x", stop=("STOP",))
    engine.run()
    assert engine.text(sequence) == "one two "
    finished = engine.finished(sequence)
    assert (finished.reason, finished.stop_sequence) == ("stop", "STOP")


def test_the_context_of_a_finished_answer_is_its_prompt_and_its_tokens() -> None:
    engine = Engine("length=3")
    sequence = engine.add("abcd", return_context=True)
    engine.run()
    assert bytes(token - 3 for token in engine.finished(sequence).context) == b"abcdabc"


def test_times_come_from_the_clock() -> None:
    engine = Engine("length=3")
    sequence = engine.add("abc")
    for engine.now in (2.5, 3.0, 4.5, 5.0):
        engine.step()
    assert engine.started(sequence).queue_seconds == 2.5
    assert (engine.finished(sequence).prompt_seconds, engine.finished(sequence).decode_seconds) == (0.0, 2.5)


class TestPrefixReuse:
    def test_a_second_turn_takes_its_history_from_the_cache(self) -> None:
        engine = Engine("length=4")
        first = engine.add("question")
        engine.run()
        second = engine.add("question" + engine.text(first) + "more")
        engine.run()
        assert engine.started(second).n_cached == 12
        assert engine.text(second) == "ques"

    def test_the_same_prompt_again_decodes_one_token_of_it_only(self) -> None:
        engine = Engine("length=4")
        engine.add("the same prompt")
        engine.run()
        again = engine.add("the same prompt")
        assert engine.step() == 1
        engine.run()
        assert engine.started(again).n_cached == 14
        assert engine.text(again) == "the "

    def test_the_prefix_of_a_running_sequence_is_shared(self) -> None:
        engine = Engine("length=30")
        first = engine.add("a system prompt, then one")
        engine.run(until=lambda: first.n_generated == 10)
        second = engine.add("a system prompt, then two")
        engine.run()
        assert engine.started(second).n_cached == 22
        assert engine.text(first) == echo("a system prompt, then one", 30)
        assert engine.text(second) == echo("a system prompt, then two", 30)

    def test_nothing_is_reused_across_scopes(self) -> None:
        engine = Engine("length=4")
        engine.add("a secret prompt", cache_scope="alice")
        engine.run()
        other = engine.add("a secret prompt", cache_scope="bob")
        engine.run()
        assert engine.started(other).n_cached == 0

    @in_one_cache
    def test_idle_prefixes_that_cost_too_much_go_the_oldest_first(self) -> None:
        engine = Engine("length=1&idle=60")
        prompts = [name * 50 for name in "abcd"]
        for prompt in prompts:
            engine.add(prompt)
            engine.run()
        last = engine.add(prompts[3] + "x")
        engine.run()
        assert engine.started(last).n_cached == 50
        kept, gone = engine.add(prompts[2] + "x"), engine.add(prompts[0] + "x")
        engine.run()
        assert engine.started(kept).n_cached == 50
        assert engine.started(gone).n_cached == 0

    def test_requests_wait_for_a_prefix_that_is_being_prefilled(self) -> None:
        engine = Engine("length=4")
        prefix = "s" * 100
        first = engine.add(prefix + "1")
        engine.step()
        others = [engine.add(prefix + name) for name in "234"]
        engine.run()
        assert [engine.started(each).n_cached for each in (first, *others)] == [0, 100, 100, 100]
        assert sum(engine.backend.decoded) < 100 + 4 * 6

    def test_a_follower_goes_on_alone_when_its_leader_is_cancelled(self) -> None:
        engine = Engine("length=4")
        leader = engine.add("s" * 200 + "1")
        engine.step()
        follower = engine.add("s" * 200 + "2")
        engine.step()
        assert follower.slot is None
        engine.scheduler.cancel(leader.request_id)
        engine.run()
        assert engine.text(follower) == "ssss"
        assert engine.started(follower).n_cached == 128

    def test_memory_that_cannot_be_cut_is_reused_whole_or_not_at_all(self) -> None:
        engine = Engine("length=4&recurrent=1")
        first = engine.add("question")
        engine.run()
        whole = engine.add("question" + engine.text(first) + "more")
        engine.run()
        fork = engine.add("questions are different")
        engine.run()
        assert engine.started(whole).n_cached == 12
        assert engine.started(fork).n_cached == 0
        assert engine.text(fork) == "ques"


class TestSwap:
    """``idle=0``: nothing idle stays in the cache while others run."""

    def test_a_chat_that_made_way_comes_back_without_a_prefill(self) -> None:
        engine = Engine("length=4&idle=0&swap=4000")
        first = engine.add("a" * 60)
        engine.run()
        engine.add("b" * 60)
        engine.run()
        assert engine.backend.memory.n_used == 64, "the first is not in the cache"
        again = engine.add("a" * 60 + engine.text(first) + "and now?")
        engine.run()
        assert engine.started(again).n_cached == 64
        assert engine.text(again) == "aaaa"

    def test_part_of_what_was_swapped_out_is_of_use_too_and_the_whole_stays_for_its_owner(self) -> None:
        engine = Engine("length=4&idle=0&swap=4000")
        system = "the system prompt, which both of them have in common: "
        question = "one" * 15
        engine.add(system + question)
        engine.run()
        engine.add("somebody else, with something else altogether")
        engine.run()
        two = engine.add(system + "two")
        engine.run()
        assert engine.started(two).n_cached == len(system)
        turn = engine.add(system + question + "and more")
        engine.run()
        assert engine.started(turn).n_cached == len(system + question)

    def test_not_across_scopes(self) -> None:
        engine = Engine("length=4&idle=0&swap=4000")
        engine.add("a" * 60, cache_scope="alice")
        engine.run()
        engine.add("b" * 60)
        engine.run()
        other = engine.add("a" * 60, cache_scope="bob")
        engine.run()
        assert engine.started(other).n_cached == 0

    def test_what_does_not_fit_is_forgotten_the_longest_unused_first(self) -> None:
        engine = Engine("length=1&idle=0&swap=500")
        for prompt in ("a" * 60, "b" * 60, "c" * 60, "d" * 60):
            engine.add(prompt)
            engine.run()
        gone, kept = engine.add("a" * 60 + "x"), engine.add("c" * 60 + "x")
        engine.run()
        assert engine.started(gone).n_cached == 0
        assert engine.started(kept).n_cached == 60

    @in_one_cache
    def test_the_preempted_go_on_from_where_they_were(self) -> None:
        engine = Engine("length=60&cells=128&swap=4000", num_ctx=128, num_parallel=2)
        old, young = engine.add("the older one " * 3), engine.add("the younger one " * 3)
        engine.run(until=lambda: young.n_generated > 0 and young.state is State.WAITING)
        assert young.slot is None
        n_done = len(young.tokens)
        engine.run(until=lambda: young.slot is not None)
        assert young.n_past >= n_done - 1
        engine.run()
        assert engine.text(old) == echo("the older one " * 3, 60)
        assert engine.text(young) == echo("the younger one " * 3, 60)

    def test_nobody_could_use_what_a_seeded_request_leaves(self) -> None:
        engine = Engine("length=4&swap=4000")
        engine.add("x" * 60, sampling=SamplingOptions(seed=1))
        engine.run()
        assert engine.backend.memory.n_used == 0
        assert len(engine.scheduler.slots.swap) == 0


class TestCells:
    def test_idle_prefixes_are_evicted_before_anyone_is_preempted(self) -> None:
        engine = Engine("length=8&cells=100", num_ctx=100)
        for prompt in ("a" * 40, "b" * 40):
            engine.add(prompt)
            engine.run()
        last = engine.add("c" * 80)
        engine.run()
        assert engine.text(last) == "c" * 8

    @in_one_cache
    def test_the_youngest_is_preempted_and_nothing_of_it_is_emitted_twice(self) -> None:
        engine = Engine("length=60&cells=128", num_ctx=128, num_parallel=2)
        old, young = engine.add("the older one"), engine.add("the younger one")
        engine.run(until=lambda: young.n_generated > 0 and young.state is State.WAITING)
        assert young.slot is None
        engine.run()
        assert engine.text(old) == echo("the older one", 60)
        assert engine.text(young) == echo("the younger one", 60)
        assert sum(isinstance(event, Started) for event in engine.of(young)) == 1

    def test_a_batch_that_finds_no_room_is_made_smaller(self) -> None:
        engine = Engine("length=4")
        sequence = engine.add("x" * 60)
        step = engine.scheduler.schedule()
        assert step is not None
        engine.scheduler.relieve(step)
        assert engine.step() == 30
        engine.run()
        assert engine.text(sequence) == "xxxx"

    def test_a_single_token_that_finds_no_room_fails_its_request(self) -> None:
        engine = Engine("length=4")
        sequence = engine.add("x")
        step = engine.scheduler.schedule()
        assert step is not None
        engine.scheduler.relieve(step)
        engine.run()
        assert engine.failed(sequence).error == "DecodeFailed"

    def test_a_batch_that_was_not_decoded_is_decoded_again(self) -> None:
        engine = Engine("length=6")
        sequences = [engine.add("first"), engine.add("the second")]
        engine.step()
        step = engine.scheduler.schedule()
        assert step is not None
        engine.backend.memory.store(step.batch)  # llama.cpp leaves whole ubatches behind when it is aborted
        engine.scheduler.rollback(step)
        engine.run()
        assert [engine.text(each) for each in sequences] == ["firstf", "the se"]

    def test_after_a_rollback_memory_that_cannot_be_cut_is_filled_again(self) -> None:
        engine = Engine("length=6&recurrent=1")
        sequence = engine.add("prompt")
        engine.step()
        engine.step()
        step = engine.scheduler.schedule()
        assert step is not None
        engine.backend.memory.store(step.batch)
        engine.scheduler.rollback(step)
        assert sequence.state is State.PREFILL
        engine.run()
        assert engine.text(sequence) == "prompt"


class TestTurns:
    def test_with_one_lane_everybody_gets_a_turn(self) -> None:
        engine = Engine("length=40", num_parallel=1, quantum=10)
        sequences = [engine.add(prompt) for prompt in ("one", "two", "three")]
        engine.run(until=lambda: engine.end(sequences[0]) is not None)
        assert all(sequence.n_generated >= 30 for sequence in sequences)
        engine.run()
        assert [engine.text(each) for each in sequences] == [echo(each, 40) for each in ("one", "two", "three")]

    def test_eight_short_answers_on_four_lanes_have_all_begun_before_one_ends(self) -> None:
        engine = Engine("length=40&swap=4000", num_parallel=4, quantum=QUANTUM)
        sequences = [engine.add(f"request {number}") for number in range(8)]
        engine.run(until=lambda: any(engine.end(each) is not None for each in sequences))
        assert all(sequence.n_generated > 0 for sequence in sequences)

    def test_a_paused_sequence_keeps_its_cells_and_goes_on_without_prefill(self) -> None:
        engine = Engine("length=40", num_parallel=1, quantum=10)
        first, second = engine.add("first"), engine.add("second")
        engine.run()
        assert sum(engine.backend.decoded) == len("first") + len("second") + 2 * 40
        assert engine.finished(first).reason == engine.finished(second).reason == "stop"

    def test_nobody_is_interrupted_while_nobody_waits(self) -> None:
        engine = Engine("length=200", num_parallel=2, quantum=10)
        pair = [engine.add("one"), engine.add("two")]
        while not engine.scheduler.is_idle:
            engine.step()
            assert not engine.scheduler.lanes.waiting
        assert [engine.text(each) for each in pair] == [echo("one", 200), echo("two", 200)]

    def test_at_most_num_parallel_are_decoded_in_a_batch(self) -> None:
        engine = Engine("length=50", num_parallel=2, quantum=5)
        for number in range(9):
            engine.add(f"request {number}")
        while not engine.scheduler.is_idle:
            engine.step()
            assert len(engine.scheduler.lanes.running) <= 2

    def test_more_requests_than_slots_still_all_get_their_turns(self) -> None:
        engine = Engine("length=30&seqs=3", num_parallel=2, quantum=5)
        sequences = [engine.add(f"request {number}") for number in range(12)]
        engine.run()
        assert [engine.text(each) for each in sequences] == [echo(f"request {n}", 30) for n in range(12)]

    def test_first_come_is_first_served(self) -> None:
        engine = Engine("length=3", num_parallel=2, quantum=100)
        for number in range(6):
            engine.add(f"request {number}")
        engine.run()
        order = [request_id for request_id, event in engine.events if isinstance(event, Started)]
        assert order == [1, 2, 3, 4, 5, 6]


class TestSeeds:
    def test_a_request_with_a_seed_computes_its_own_prompt(self) -> None:
        engine = Engine("length=3")
        prompt = "the same prompt, long enough to be worth sharing between them"
        engine.add(prompt)
        engine.run()
        seeded = [engine.add(prompt, sampling=SamplingOptions(seed=7)) for _ in range(2)]
        engine.run()
        assert [engine.started(each).n_cached for each in seeded] == [0, 0]

    @in_one_cache
    def test_alone_it_starts_in_an_empty_cache(self) -> None:
        engine = Engine("length=3")
        for number in range(3):
            engine.add(f"prompt {number}")
        engine.run()
        sequence = engine.add("prompt 0", sampling=SamplingOptions(seed=7))
        engine.step()
        assert engine.scheduler.slots.ledger.n_used == sequence.n_past

    def test_a_request_without_one_reuses_what_is_there(self) -> None:
        engine = Engine("length=3")
        engine.add("the same prompt")
        engine.run()
        again = engine.add("the same prompt")
        engine.run()
        assert engine.started(again).n_cached == len("the same prompt") - 1


class TestShift:
    def test_a_full_context_drops_its_middle_and_goes_on(self) -> None:
        engine = Engine("length=300&text=abcdefgh", num_ctx=64)
        sequence = engine.add("prompt")
        engine.run()
        finished = engine.finished(sequence)
        assert (finished.reason, finished.n_generated) == ("stop", 300)
        assert engine.text(sequence) == echo("abcdefgh", 300)
        assert engine.backend.decoded[0] == 6
        assert set(engine.backend.decoded[1:]) == {1}

    def test_without_shift_a_full_context_ends_the_answer(self) -> None:
        engine = Engine("length=300", num_ctx=64)
        sequence = engine.add("prompt", shift=False)
        engine.run()
        finished = engine.finished(sequence)
        assert (finished.reason, finished.n_prompt + finished.n_generated) == ("length", 64)

    def test_an_answer_ends_at_the_context_that_its_request_asked_for(self) -> None:
        engine = Engine("length=300", num_ctx=64)
        sequence = engine.add("prompt", shift=False, num_ctx=32)
        engine.run()
        finished = engine.finished(sequence)
        assert (finished.reason, finished.n_prompt + finished.n_generated) == ("length", 32)
        assert engine.started(sequence).n_ctx == 32

    def test_cells_on_which_another_sequence_is_are_never_moved(self) -> None:
        engine = Engine("length=100&text=abcdefgh", num_ctx=64, num_parallel=2)
        prefix = "a long prompt of both of them, forty ch "
        first = engine.add(prefix + "1")
        engine.step()
        second = engine.add(prefix + "2")
        engine.run()  # FakeMemory raises if a shared cell is moved
        assert engine.started(second).n_cached == len(prefix)
        assert engine.text(first) == engine.text(second) == echo("abcdefgh", 100)

    def test_where_cells_cannot_move_the_rest_is_prefilled_again(self) -> None:
        engine = Engine("length=100&text=abcdefgh&shift=0", num_ctx=64)
        sequence = engine.add("prompt")
        engine.run()
        assert engine.text(sequence) == echo("abcdefgh", 100)
        assert max(engine.backend.decoded[1:]) > 20

    def test_num_keep_tokens_stay_at_the_start(self) -> None:
        engine = Engine("length=60&text=x", num_ctx=64)
        sequence = engine.add("KEEP and the rest", num_keep=4, return_context=True)
        engine.run()
        context = bytes(token - 3 for token in engine.finished(sequence).context)
        assert context.startswith(b"KEEP")
        assert b"and the rest" not in context

    def test_an_answer_without_end_is_ended_after_ten_contexts(self) -> None:
        engine = Engine("length=-1", num_ctx=32)
        sequence = engine.add("x")
        engine.run()
        assert engine.finished(sequence).n_generated == 320


class TestLeaving:
    @pytest.mark.parametrize("n_steps", [0, 1, 2, 5])
    def test_a_cancelled_request_leaves_from_any_state(self, n_steps: int) -> None:
        engine = Engine("length=-1", num_parallel=2)
        sequence, other = engine.add("x" * 100), engine.add("other")
        for _ in range(n_steps):
            engine.step()
        engine.scheduler.cancel(sequence.request_id)
        engine.step()
        assert engine.failed(sequence).error == "RequestCancelled"
        assert engine.scheduler.lanes.everyone == [other]
        assert sequence.sampler is None
        engine.run(until=lambda: other.n_generated == 20)
        assert engine.text(other) == echo("other", 20)

    def test_what_a_cancelled_request_decoded_is_reused(self) -> None:
        engine = Engine("length=4")
        sequence = engine.add("x" * 200)
        engine.step()
        engine.scheduler.cancel(sequence.request_id)
        again = engine.add("x" * 200)
        engine.run()
        assert engine.started(again).n_cached == 64

    def test_an_unknown_id_is_ignored(self) -> None:
        engine = Engine()
        engine.scheduler.cancel(77)
        assert engine.scheduler.take_events() == []

    def test_closing_cuts_running_answers_and_refuses_waiting_ones(self) -> None:
        engine = Engine("length=-1", num_parallel=1)
        running, waiting = engine.add("running"), engine.add("waiting")
        engine.run(until=lambda: running.n_generated == 5)
        engine.scheduler.close(ShuttingDown())
        engine.events += engine.scheduler.take_events()
        assert engine.finished(running).reason == "shutdown"
        assert engine.failed(waiting).error == "ShuttingDown"
        assert engine.scheduler.is_idle

    def test_only_the_sequence_that_llama_refuses_fails(self) -> None:
        engine = Engine(f"length=20&fail_token={ord('!') + 3}")
        good, bad = engine.add("good"), engine.add("bad!")
        for _ in range(60):
            step = engine.scheduler.schedule()
            if step is None:
                break
            try:
                engine.backend.decode(step.batch)
            except DecodeFailed as error:
                engine.scheduler.isolate(step, error)
            else:
                engine.scheduler.complete(step)
            engine.events += engine.scheduler.take_events()
        assert engine.failed(bad).error == "DecodeFailed"
        assert engine.text(good) == echo("good", 20)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "memory", ["", "recurrent=1", "seqs=5", "shift=0", "idle=0&swap=900", "idle=20&swap=3000&recurrent=1"]
)
def test_under_any_load_every_answer_is_the_one_it_would_be_alone(seed: int, memory: str) -> None:
    chance = random.Random(seed)
    engine = Engine(f"length=40&cells=160&{memory}", num_ctx=128, num_parallel=3, quantum=7)
    prompts = ["system prompt of everyone, quite long, so that it is worth waiting for: ", "short ", ""]
    expected = {}
    for _ in range(400):
        if chance.random() < 0.1 and len(expected) < 14:
            prompt = chance.choice(prompts) + str(chance.randrange(30))
            expected[engine.add(prompt)] = prompt
        if chance.random() < 0.03 and expected:
            engine.scheduler.cancel(chance.choice(list(expected)).request_id)
        step = engine.scheduler.schedule()
        if step is None:
            continue
        fate = chance.random()
        try:
            engine.backend.decode(step.batch)
        except CacheFull:
            pytest.fail("the ledger counted cells that were not there")
        if fate < 0.05:
            engine.scheduler.rollback(step)
        elif fate < 0.08:
            engine.scheduler.relieve(step)
        else:
            engine.scheduler.complete(step)
        engine.events += engine.scheduler.take_events()
        assert engine.scheduler.slots.ledger.n_used == engine.backend.memory.n_used
    engine.run()
    assert len(expected) > 3
    for sequence, prompt in expected.items():
        end = engine.end(sequence)
        if isinstance(end, Failed):
            assert end.error in ("RequestCancelled", "DecodeFailed")
            assert echo(prompt, 40).startswith(engine.text(sequence))
        else:
            assert engine.text(sequence) == echo(prompt, 40)
