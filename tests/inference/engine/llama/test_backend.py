"""The engine on the real model: reuse, abort, shift and cancellation change nothing that a client can see."""

from __future__ import annotations

import threading
import time

import pytest

from inference.engine.backend import Aborted, Backend
from inference.engine.batch import Batch
from inference.engine.llama.sampler import new_chain
from inference.engine.scheduler import Scheduler
from inference.engine.sequence import Sequence
from inference.events import Event, Finished, Started, TextDelta
from inference.request import ChatPrompt, GenerateRequest, Message, SamplingOptions, TextPrompt

pytestmark = pytest.mark.real_model

GREEDY = SamplingOptions(temperature=0)
# Greedy answers with a clear winner at every token: other prompts flip on the last bit of a different batch.
COUNT = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,"
ALPHABET = "a b c d e f g h i j k l m n o p q"


class Real:
    """Requests run to their end on a scheduler of their own."""

    def __init__(self, backend: Backend, *, num_parallel: int = 3, quantum: int = 64) -> None:
        self.backend = backend
        self.scheduler = Scheduler(backend, num_parallel=num_parallel, clock=time.monotonic, quantum=quantum)
        self.events: list[tuple[int, Event]] = []
        self._n = 0

    def add(self, text: str, **fields: object) -> Sequence:
        self._n += 1
        wanted = {"sampling": GREEDY, "num_predict": 12, **fields}
        request = GenerateRequest(prompt=TextPrompt(text=text), **wanted)  # type: ignore[arg-type]
        tokens = self.backend.tokenize(text, add_special=True, parse_special=True)
        sampler = self.backend.new_sampler(request.sampling, tokens)
        sequence = Sequence(self._n, request, tokens, sampler=sampler, arrival=self._n, submitted_at=0.0)
        self.scheduler.add(sequence)
        return sequence

    def step(self) -> None:
        step = self.scheduler.schedule()
        if step is not None:
            self.backend.decode(step.batch)
            self.scheduler.complete(step)
        self.events += self.scheduler.take_events()

    def run(self) -> None:
        while not self.scheduler.is_idle:
            self.step()

    def text(self, sequence: Sequence) -> str:
        return "".join(
            event.text
            for request_id, event in self.events
            if request_id == sequence.request_id and isinstance(event, TextDelta)
        )

    def event(self, sequence: Sequence, kind: type[Event]) -> Event:
        return next(event for each, event in self.events if each == sequence.request_id and isinstance(event, kind))

    def answer(self, text: str, **fields: object) -> str:
        sequence = self.add(text, **fields)
        self.run()
        return self.text(sequence)


@pytest.fixture(params=["smollm2", "smollm2_streams"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """The model with either layout of its cache."""
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def test_it_counts_on(smollm2: Backend) -> None:
    assert Real(smollm2).answer(COUNT) == " 15, 16, 17,"


@pytest.mark.slow
def test_an_answer_is_the_same_with_and_without_its_prefix_in_the_cache(backend: Backend) -> None:
    real = Real(backend)
    cold = real.answer(COUNT)
    warm = real.add(COUNT)
    turn = real.add(COUNT + cold)
    real.run()
    started = real.event(warm, Started)
    assert isinstance(started, Started)
    assert started.n_cached == started.n_prompt - 1
    assert real.text(warm) == cold
    started = real.event(turn, Started)
    assert isinstance(started, Started)
    assert started.n_cached > warm.n_prompt
    assert real.text(turn) == " 18, 19, 20,"


@pytest.mark.slow
def test_three_at_once_answer_as_each_does_alone(backend: Backend) -> None:
    real = Real(backend)
    sequences = [real.add(text) for text in (COUNT, ALPHABET, COUNT + " 15,")]
    real.run()
    counted, spelled, counted_on = [real.text(each) for each in sequences]
    assert (counted, counted_on) == (" 15, 16, 17,", " 16, 17, 18,")
    assert spelled.startswith(" r s t u v w x y z")


@pytest.mark.slow
def test_taking_turns_in_one_lane_changes_no_answer(backend: Backend) -> None:
    real = Real(backend, num_parallel=1, quantum=3)
    sequences = [real.add(COUNT), real.add(ALPHABET)]
    real.run()
    assert real.text(sequences[0]) == " 15, 16, 17,"
    assert real.text(sequences[1]).startswith(" r s t u v w x y z")


@pytest.mark.slow
def test_preemption_changes_no_answer(backend: Backend) -> None:
    real = Real(backend)
    old, young = real.add(COUNT), real.add(ALPHABET)
    for _ in range(5):
        real.step()
    assert real.scheduler.lanes.preempt_youngest()
    real.run()
    assert real.text(old) == " 15, 16, 17,"
    assert real.text(young).startswith(" r s t u v w x y z")


@pytest.mark.slow
def test_what_was_swapped_out_changes_no_answer(backend: Backend) -> None:
    real = Real(backend)
    prompt = ALPHABET * 3 + " r s t. " + COUNT
    cold = real.answer(prompt)
    while real.scheduler.slots.evict_idle():
        pass
    assert real.scheduler.slots.ledger.n_used == 0
    turn, fork = real.add(prompt + cold), real.add(prompt + " fifteen")
    real.run()
    for sequence in (turn, fork):
        started = real.event(sequence, Started)
        assert isinstance(started, Started)
        assert started.n_cached >= started.n_prompt - 3
    assert cold == " 15, 16, 17,"
    assert real.text(turn) == " 18, 19, 20,"


@pytest.mark.slow
def test_moving_beside_another_changes_no_answer(smollm2_streams: Backend) -> None:
    real = Real(smollm2_streams)
    first, between, last = real.add(COUNT), real.add(ALPHABET), real.add("I say it: " + COUNT)
    while not last.n_generated:
        real.step()
    streams = [sequence.slot and sequence.slot.seq_id for sequence in (first, between, last)]
    assert streams == [0, 1, 2]
    real.scheduler.cancel(between.request_id)
    real.step()
    assert {first.slot and first.slot.seq_id, last.slot and last.slot.seq_id} in ({0, 1}, {1, 2})
    real.run()
    assert (real.text(first), real.text(last)) == (" 15, 16, 17,", " 15, 16, 17,")
    again = real.add(ALPHABET)
    real.run()
    assert real.text(again).startswith(" r s t u v w x y z")


@pytest.mark.parametrize("after_seconds", [0.0, 0.01, 0.05])
@pytest.mark.slow
def test_an_aborted_decode_is_repeated_without_a_trace(backend: Backend, after_seconds: float) -> None:
    real = Real(backend)
    counting = real.add(COUNT)
    for _ in range(4):
        real.step()
    prefill = real.add(ALPHABET * 8)
    step = real.scheduler.schedule()
    assert step is not None
    assert len(step.chunks) == 2
    threading.Timer(after_seconds, backend.abort).start()
    try:
        backend.decode(step.batch)
    except Aborted:
        real.scheduler.rollback(step)
    else:
        real.scheduler.complete(step)
    real.scheduler.cancel(prefill.request_id)
    real.run()
    assert real.text(counting) == " 15, 16, 17,"


def test_a_long_decode_stops_within_a_quarter_of_a_second(smollm2: Backend) -> None:
    batch = Batch(128)
    batch.add(0, [100] * 128, 0, output=True)
    delays = []
    for _ in range(5):
        timer = threading.Timer(0.02, smollm2.abort)
        timer.start()
        began = time.monotonic()
        with pytest.raises(Aborted):
            smollm2.decode(batch)
        delays.append(time.monotonic() - began - 0.02)
        smollm2.seq_rm(0, -1, -1)
    assert min(delays) < 0.25


@pytest.mark.slow
def test_a_full_context_is_shifted_and_goes_on(backend: Backend) -> None:
    real = Real(backend)
    sequence = real.add(COUNT, num_predict=100)
    real.run()
    finished = real.event(sequence, Finished)
    assert isinstance(finished, Finished)
    assert finished.n_generated == 100
    assert ", 30, 31, 32," in real.text(sequence)


@pytest.mark.slow
def test_cells_of_another_sequence_survive_a_shift(backend: Backend) -> None:
    real = Real(backend)
    shared = "The days of the week are Monday, Tuesday, Wednesday, Thursday, Friday, Saturday and Sunday. " * 2
    long = real.add(shared + COUNT, num_predict=70)
    real.step()
    while long.n_generated < 20:
        real.step()
    other = real.add(shared + "Monday, Tuesday, Wednesday,", num_predict=4)
    real.run()
    assert real.text(other).startswith(" Thursday, Friday")
    finished = real.event(long, Finished)
    assert isinstance(finished, Finished)
    assert finished.n_generated == 70


@pytest.mark.slow
def test_a_seed_gives_the_same_answer_again_and_another_seed_another(backend: Backend) -> None:
    def answer(seed: int) -> str:
        for seq_id in range(backend.info.n_seq_max):
            backend.seq_rm(seq_id, -1, -1)
        sampling = SamplingOptions(seed=seed, temperature=1.5, top_k=0, top_p=1.0)
        return Real(backend).answer("Once upon a time", sampling=sampling, num_predict=8)

    assert answer(7) == answer(7)
    assert len({answer(seed) for seed in (7, 8, 9)}) == 3


@pytest.mark.parametrize(
    "fields",
    [
        {"top_k": 1},
        {"top_p": 0.01},
        {"min_p": 1.0},
        {"temperature": 0.0, "top_k": 5},
        {"temperature": 0.0001},
        {"mirostat": 2, "mirostat_tau": 0.01},
        {"mirostat": 1, "mirostat_tau": 0.01},
        {"typical_p": 0.01, "top_k": 1},
    ],
)
@pytest.mark.slow
def test_every_way_to_leave_one_candidate_is_greedy(smollm2: Backend, fields: dict[str, float]) -> None:
    sampling = SamplingOptions(**{"seed": 3, "temperature": 0.8, "top_k": 0, "top_p": 1.0, **fields})  # type: ignore[arg-type]
    assert Real(smollm2).answer(COUNT, sampling=sampling, num_predict=4) == " 15,"


@pytest.mark.slow
@pytest.mark.parametrize(
    "fields",
    [
        {"repeat_penalty": 10.0, "repeat_last_n": -1},
        {"presence_penalty": 50.0},
        {"frequency_penalty": 50.0},
        {"dry_multiplier": 100.0, "dry_allowed_length": 1, "dry_sequence_breakers": ()},
        {"logit_bias": {28: -100.0, 216: -100.0}},
    ],
)
def test_every_penalty_changes_what_is_said(smollm2: Backend, fields: dict[str, object]) -> None:
    sampling = SamplingOptions(temperature=0, **fields)  # type: ignore[arg-type]
    assert Real(smollm2).answer(COUNT, sampling=sampling, num_predict=4) != " 15,"


def test_xtc_takes_the_likeliest_away(smollm2: Backend) -> None:
    sampling = SamplingOptions(seed=1, xtc_probability=1.0, xtc_threshold=0.0001)
    assert Real(smollm2).answer(COUNT, sampling=sampling, num_predict=4) != " 15,"


def test_a_plain_greedy_request_needs_no_chain(smollm2: Backend) -> None:
    assert smollm2.new_sampler(GREEDY, [1, 2, 3]) is None
    assert smollm2.new_sampler(SamplingOptions(), [1]) is not None
    assert new_chain(GREEDY, [], vocab=None, n_vocab=1, n_ctx=1) is None


def test_a_chat_in_the_files_own_template_is_answered(smollm2: Backend) -> None:
    from inference.engine.prepare import Preparer

    prompt = ChatPrompt(messages=(Message(role="user", content="Say hello"),))
    prepared = Preparer(smollm2).prepare(GenerateRequest(prompt=prompt))
    text = b"".join(smollm2.piece(token) for token in prepared.tokens).decode()
    assert "You are a helpful AI assistant named SmolLM" in text
    assert smollm2.tokenize("<|im_start|>", add_special=False, parse_special=True) == prepared.tokens[:1]


@pytest.mark.slow
@pytest.mark.parametrize("content", ["Write one emoji: 😀 😀 😀", "日本語で: 一、二、三、"])
def test_characters_come_out_whole(smollm2: Backend, content: str) -> None:
    real = Real(smollm2)
    real.answer(content * 3, num_predict=24)
    deltas = [event.text for _, event in real.events if isinstance(event, TextDelta)]
    assert "�" not in "".join(deltas[:-1])
