"""Logprobs of prompts on the fake backend, which knows whose output it is asked for."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from PIL import Image

from inference.engine.fake.backend import byte_tokens
from inference.engine.prepare import Preparer
from inference.engine.sequence import Sequence
from inference.errors import InvalidOption, InvalidRequest, PromptTooLong
from inference.events import PromptLogprobs, Started, TextDelta, TokenLogprob
from inference.request import ChatPrompt, GenerateRequest, Message, SamplingOptions, TextPrompt
from tests.inference.engine.support import Engine, echo, fake_backend

PROMPT = "the quick brown fox jumps over the lazy dog, and the dog does not mind it much, " * 2


def scores(engine: Engine, sequence: Sequence) -> list[TokenLogprob]:
    found: list[TokenLogprob] = []
    for event in engine.of(sequence):
        if isinstance(event, PromptLogprobs):
            assert event.start == len(found), "nothing is left out and nothing said twice"
            found += event.tokens
    return found


def expected(prompt: str, n_top: int = 0) -> list[tuple[int, float, int]]:
    """(token, logprob, likeliest tokens): see FakeBackend.prompt_logprobs."""
    tokens = byte_tokens(prompt)
    rest = [(token, -((token - before) % 259) / 10, n_top) for before, token in pairwise(tokens)]
    return [(tokens[0], 0.0, 0), *rest]


def assert_scored(engine: Engine, sequence: Sequence, prompt: str = PROMPT, n_top: int = 0) -> None:
    found = [(one.token, one.logprob, len(one.top)) for one in scores(engine, sequence)]
    assert found == expected(prompt, n_top)


@pytest.mark.parametrize("query", ["", "outputs=5", "outputs=7&batch=16"])
def test_every_token_of_a_prompt_has_one_however_few_outputs_a_decode_has(query: str) -> None:
    engine = Engine(query)
    sequence = engine.add(PROMPT, prompt_logprobs=2, num_predict=5)
    engine.run()
    assert_scored(engine, sequence, n_top=2)
    assert engine.text(sequence) == echo(PROMPT, 5)
    assert b"".join(one.data for one in scores(engine, sequence)).decode() == PROMPT


def test_they_come_before_any_text() -> None:
    engine = Engine("outputs=9")
    sequence = engine.add(PROMPT, prompt_logprobs=0, num_predict=3)
    engine.run()
    kinds = [type(event) for event in engine.of(sequence)]
    assert kinds[0] is Started
    assert max(i for i, kind in enumerate(kinds) if kind is PromptLogprobs) < kinds.index(TextDelta)


def test_nothing_is_taken_from_the_cache_and_nothing_left_there() -> None:
    engine = Engine()
    engine.add(PROMPT, num_predict=2)
    engine.run()
    for _ in range(2):
        sequence = engine.add(PROMPT, prompt_logprobs=0, num_predict=2)
        engine.run()
        assert engine.started(sequence).n_cached == 0
        assert_scored(engine, sequence)


def test_beside_others_that_decode_and_prefill_nobody_is_given_anothers_outputs() -> None:
    engine = Engine("outputs=8", num_parallel=4)
    plain = [engine.add(f"prompt number {index}, " * 4, num_predict=30) for index in range(2)]
    engine.step()
    prompts = [f"{index} {PROMPT}" for index in range(3)]
    scored = [engine.add(prompt, prompt_logprobs=1, num_predict=4) for prompt in prompts]
    engine.run()
    for sequence, prompt in zip(scored, prompts, strict=True):
        assert_scored(engine, sequence, prompt, n_top=1)
        assert engine.text(sequence) == echo(prompt, 4)
    for index, sequence in enumerate(plain):
        assert engine.text(sequence) == echo(f"prompt number {index}, " * 4, 30)


def test_a_sequence_that_lost_its_cells_says_nothing_twice() -> None:
    engine = Engine("outputs=12", num_parallel=2, num_ctx=512)
    sequence = engine.add(PROMPT, prompt_logprobs=0, num_predict=40)
    other = engine.add("x" * 20, num_predict=40)
    engine.run(until=lambda: len(scores(engine, sequence)) > 20)
    engine.scheduler.lanes.running.sort(key=lambda each: each is sequence)
    sequence.arrival = 99
    assert engine.scheduler.lanes.preempt_youngest()
    assert sequence.n_past == 0
    engine.run()
    assert_scored(engine, sequence)
    assert engine.text(sequence) == echo(PROMPT, 40)
    assert engine.text(other) == "x" * 40


def test_a_decode_that_did_not_succeed_counts_for_nothing() -> None:
    engine = Engine("outputs=12")
    sequence = engine.add(PROMPT, prompt_logprobs=0, num_predict=1)
    engine.step()
    step = engine.scheduler.schedule()
    assert step is not None
    engine.scheduler.rollback(step)
    engine.run()
    assert_scored(engine, sequence)


def test_a_prompt_of_one_token_has_nothing_to_be_scored_by() -> None:
    engine = Engine()
    sequence = engine.add("x", prompt_logprobs=3, num_predict=2)
    engine.run()
    assert_scored(engine, sequence, "x")
    assert engine.text(sequence) == "xx"


def test_nothing_need_be_generated() -> None:
    engine = Engine()
    sequence = engine.add(PROMPT, prompt_logprobs=0, num_predict=0)
    engine.run()
    assert_scored(engine, sequence)
    finished = engine.finished(sequence)
    assert (finished.reason, finished.n_generated, finished.n_prompt) == ("length", 0, len(PROMPT))


def test_the_end_of_an_answer_is_a_token_of_it_where_both_are_asked_for() -> None:
    for fields, n in (({"prompt_logprobs": 0, "top_logprobs": 0}, 1), ({"top_logprobs": 0}, 0)):
        engine = Engine("length=0")
        sequence = engine.add(PROMPT, num_predict=1, **fields)
        engine.run()
        deltas = [event for event in engine.of(sequence) if isinstance(event, TextDelta)]
        assert [one.data for delta in deltas for one in delta.logprobs] == [b"</s>"] * n
        assert [delta.text for delta in deltas] == [""] * n
        assert engine.finished(sequence).n_generated == 0


def test_a_prompt_that_does_not_fit_is_refused_and_not_cut() -> None:
    preparer = Preparer(fake_backend(num_ctx=16))
    with pytest.raises(PromptTooLong):
        preparer.prepare(GenerateRequest(prompt=TextPrompt(text=PROMPT), prompt_logprobs=0))


def test_more_than_a_server_holds_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("inference.engine.prepare.MAX_PROMPT_LOGPROBS", 30)
    preparer = Preparer(fake_backend())
    prompt = TextPrompt(text="123456789")
    assert len(preparer.prepare(GenerateRequest(prompt=prompt, prompt_logprobs=2)).tokens) == 10
    with pytest.raises(InvalidOption, match="at most 2") as caught:
        preparer.prepare(GenerateRequest(prompt=prompt, prompt_logprobs=3))
    assert caught.value.option == "logprobs"


def test_images_have_no_logprobs() -> None:
    preparer = Preparer(fake_backend("image_tokens=4", chat_template="{{ messages[0].content }}"))
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    prompt = ChatPrompt(messages=(Message(role="user", content="a", images=(file.getvalue(),)),))
    with pytest.raises(InvalidRequest, match="images"):
        preparer.prepare(GenerateRequest(prompt=prompt, prompt_logprobs=0))


def test_a_seed_does_not_matter() -> None:
    engine = Engine("outputs=9")
    sequence = engine.add(PROMPT, prompt_logprobs=0, num_predict=1, sampling=SamplingOptions(seed=3))
    engine.run()
    assert_scored(engine, sequence)
