"""Images in the scheduler, on the fake backend: it is strict about positions, and about whose embeddings it gets."""

from __future__ import annotations

import random

import pytest

from inference.engine.backend import Aborted
from inference.engine.fake.backend import FakeBackend
from inference.engine.prepare import Preparer
from inference.engine.scheduler import Scheduler
from inference.engine.sequence import Sequence
from inference.events import Event, Failed, Finished, Started, TextDelta
from inference.request import GenerateRequest, TextPrompt
from tests.inference.engine.support import fake_backend
from tests.pictures import picture

RED, BLUE = picture(1), picture(2)
N = 40
EVERY_WAY = pytest.mark.parametrize("way", ["", "mrope=1", "image_causal=0", "mrope=1&image_causal=0"])


class Engine:
    """``images`` of ``N`` tokens each, behind one mark; batches of 64 tokens."""

    def __init__(self, query: str = "", *, num_ctx: int = 256, num_parallel: int = 4) -> None:
        self.backend: FakeBackend = fake_backend(f"image_tokens={N}&{query}", num_ctx=num_ctx)
        self.scheduler = Scheduler(self.backend, num_parallel=num_parallel, clock=lambda: 0.0, quantum=64)
        self.preparer = Preparer(self.backend)
        self.events: list[tuple[int, Event]] = []
        self._n = 0

    def add(self, text: str, *images: bytes, **request: object) -> Sequence:
        self._n += 1
        wanted = GenerateRequest(prompt=TextPrompt(text=text, images=images), **request)  # type: ignore[arg-type]
        made = self.preparer.prepare(wanted)
        sampler = self.backend.new_sampler(wanted.sampling, made.tokens)
        sequence = Sequence(
            self._n, wanted, made.tokens, sampler=sampler, arrival=self._n, submitted_at=0.0, media=made.media
        )
        self.scheduler.add(sequence)
        return sequence

    def step(self) -> bool:
        step = self.scheduler.schedule()
        if step is None:
            self.events += self.scheduler.take_events()
            return False
        if step.media is not None:
            self.backend.decode_media(step.media)
        else:
            self.backend.decode(step.batch)
        self.scheduler.complete(step)
        self.events += self.scheduler.take_events()
        return True

    def run(self) -> None:
        while self.step():
            pass

    def text(self, sequence: Sequence) -> str:
        return "".join(e.text for i, e in self.events if i == sequence.request_id and isinstance(e, TextDelta))

    def started(self, sequence: Sequence) -> Started:
        return next(e for i, e in self.events if i == sequence.request_id and isinstance(e, Started))

    def finished(self, sequence: Sequence) -> Finished:
        failures = [e for i, e in self.events if i == sequence.request_id and isinstance(e, Failed)]
        assert not failures
        return next(e for i, e in self.events if i == sequence.request_id and isinstance(e, Finished))


@EVERY_WAY
def test_text_and_images_are_decoded_in_their_order(way: str) -> None:
    engine = Engine(way)
    asked = engine.add("abc[img-0]def[img-1]ghi", RED, BLUE, num_predict=4)
    engine.run()
    assert engine.backend.decoded[:5] == [1 + 3 + 1, N, 3 + 1, N, 3]
    assert engine.text(asked) == "abc"
    assert engine.finished(asked).n_prompt == 1 + 9 + 2 * (N + 1)


@EVERY_WAY
def test_a_prompt_may_end_with_an_image(way: str) -> None:
    engine = Engine(way)
    asked = engine.add("abc[img-0]", RED, num_predict=3)
    engine.run()
    assert engine.text(asked) == "ab"


@EVERY_WAY
def test_the_same_image_again_is_not_decoded_again(way: str) -> None:
    engine = Engine(way)
    first = engine.add("abc[img-0]def", RED, num_predict=1)
    engine.run()
    second = engine.add("abc[img-0]def", RED, num_predict=1)
    engine.run()
    assert engine.started(second).n_cached == engine.started(first).n_prompt - 1


@EVERY_WAY
def test_another_image_shares_nothing_beyond_the_text_before_it(way: str) -> None:
    engine = Engine(way)
    engine.add("abc[img-0]def", RED, num_predict=1)
    engine.run()
    other = engine.add("abc[img-0]def", BLUE, num_predict=4)
    engine.run()
    assert engine.started(other).n_cached == 1 + 3 + 1
    assert engine.text(other) == "abc"


@EVERY_WAY
def test_a_talk_goes_on_behind_its_image(way: str) -> None:
    engine = Engine(way)
    first = engine.add("abc[img-0]def", RED, num_predict=3)
    engine.run()
    second = engine.add("abc[img-0]def" + engine.text(first) + "ghi", RED, num_predict=3)
    engine.run()
    assert engine.started(second).n_cached >= engine.started(first).n_prompt
    assert engine.text(second) == "ab"


def test_an_image_larger_than_a_step_is_decoded_in_several() -> None:
    engine = Engine("batch=16")
    asked = engine.add("abc[img-0]def", RED, num_predict=3)
    engine.run()
    assert engine.backend.decoded[:5] == [5, 16, 16, 8, 3]
    assert engine.text(asked) == "ab"


def test_those_who_decode_get_every_other_step() -> None:
    engine = Engine("batch=16&length=-1")
    talking = engine.add("a", num_predict=30)
    engine.step()
    engine.add("b[img-0]c", RED, num_predict=1)
    before = talking.n_generated
    for _ in range(8):
        engine.step()
    assert talking.n_generated - before >= 4
    assert N in engine.backend.decoded or engine.backend.decoded.count(16) == 2


@EVERY_WAY
def test_two_who_do_not_fit_together_both_get_their_answers(way: str) -> None:
    engine = Engine(f"{way}&cells=100&length=-1", num_ctx=100)
    both = [engine.add("abc[img-0]def", image, num_predict=40) for image in (RED, BLUE)]
    engine.run()
    assert [engine.finished(each).n_generated for each in both] == [40, 40]
    assert all(engine.text(each).startswith("abc") for each in both)


@EVERY_WAY
def test_two_with_the_same_image_prefill_it_once(way: str) -> None:
    engine = Engine(way)
    both = [engine.add("abc[img-0]def", RED, num_predict=4) for _ in range(2)]
    engine.run()
    assert engine.backend.decoded.count(N) == 1
    assert [engine.text(each) for each in both] == ["abc", "abc"]


@EVERY_WAY
def test_who_leaves_in_the_middle_of_an_image_leaves_nothing_wrong_behind(way: str) -> None:
    engine = Engine(f"{way}&batch={16 if 'causal' not in way else 64}")
    gone = engine.add("abc[img-0]def", RED)
    engine.step()
    engine.step()
    engine.scheduler.cancel(gone.request_id)
    again = engine.add("abc[img-0]def", RED, num_predict=4)
    engine.run()
    assert engine.text(again) == "abc"


@EVERY_WAY
def test_a_step_that_was_aborted_is_done_again(way: str) -> None:
    engine = Engine(f"{way}&batch={16 if 'causal' not in way else 64}")
    asked = engine.add("abc[img-0]def", RED, num_predict=4)
    for _ in range(2):
        engine.step()
    step = engine.scheduler.schedule()
    assert step is not None
    engine.backend.abort()
    with pytest.raises(Aborted):
        engine.backend.decode_media(step.media) if step.media else engine.backend.decode(step.batch)
    engine.scheduler.rollback(step)
    engine.run()
    assert engine.text(asked) == "abc"


@pytest.mark.parametrize("way", ["", "shift=0", "mrope=1", "image_causal=0"])
def test_a_full_context_drops_a_whole_image_or_none_of_it(way: str) -> None:
    engine = Engine(f"{way}&length=-1", num_ctx=100)
    asked = engine.add("abcdefgh[img-0]ijk", RED, num_predict=80, num_keep=5)
    engine.run()
    assert engine.finished(asked).n_generated == 80
    kept = asked.tokens.view()
    assert int((kept < 0).sum()) in (0, N)


def test_a_context_that_is_given_back_holds_tokens_only() -> None:
    engine = Engine()
    asked = engine.add("abc[img-0]def", RED, num_predict=2, return_context=True)
    engine.run()
    assert min(engine.finished(asked).context) >= 0


@EVERY_WAY
def test_swapped_out_images_come_back(way: str) -> None:
    engine = Engine(f"{way}&cells=120&swap=100000&seqs=4&idle=0", num_ctx=120)
    first = engine.add("abc[img-0]def", RED, num_predict=2)
    engine.run()
    engine.add("x" * 90, num_predict=2)
    engine.run()
    assert len(engine.scheduler.slots.swap)
    again = engine.add("abc[img-0]def" + engine.text(first) + "g", RED, num_predict=4)
    engine.run()
    assert engine.started(again).n_cached >= engine.started(first).n_prompt
    assert engine.text(again) == "abc"


WAYS = ["", "mrope=1", "image_causal=0", "mrope=1&image_causal=0", "shift=0", "recurrent=1"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_whatever_comes_and_goes_everyone_gets_the_right_answer(seed: int) -> None:
    """Texts and images, few cells, aborts and people who leave: each answer repeats its own prompt, or its head."""
    chance = random.Random(seed)
    cells = chance.choice([130, 200, 300])
    query = f"{WAYS[seed % len(WAYS)]}&cells={cells}&swap={chance.choice([0, 100_000])}&idle={chance.choice([0, 50])}"
    engine = Engine(f"{query}&length=-1&seqs=5", num_ctx=min(cells, 256), num_parallel=chance.randint(1, 4))
    asked, gone = [], set()
    for _ in range(300):
        if chance.random() < 0.12 and len(asked) < 14:
            asked.append(_random_request(engine, chance))
        if chance.random() < 0.03 and asked:
            left = chance.choice(asked).request_id
            gone.add(left)
            engine.scheduler.cancel(left)
        _step_or_abort(engine, abort=chance.random() < 0.05)
    engine.run()
    for sequence in asked:
        if sequence.request_id not in gone:
            n_generated = engine.finished(sequence).n_generated
            prompt = engine.preparer.prepare(sequence.request).tokens[:n_generated]
            if sequence.n_prompt + n_generated < min(cells, 256):  # else its oldest half has been dropped on the way
                expected = b"".join(engine.backend.piece(token) for token in prompt).decode()
                assert engine.text(sequence)[: len(expected)] == expected


def _random_request(engine: Engine, chance: random.Random) -> Sequence:
    text, images = "", []
    for _ in range(chance.randint(1, 3)):
        text += "abcdefghij"[: chance.randint(1, 10)]
        if chance.random() < 0.7:
            text += f"[img-{len(images)}]"
            images.append(chance.choice((RED, BLUE)))
    return engine.add(text, *images, num_predict=chance.choice([1, 10, 60]), num_keep=chance.choice([0, 4, -1]))


def _step_or_abort(engine: Engine, *, abort: bool) -> None:
    step = engine.scheduler.schedule()
    if step is not None and abort:
        engine.backend.abort()
        with pytest.raises(Aborted):
            engine.backend.decode_media(step.media) if step.media else engine.backend.decode(step.batch)
        engine.scheduler.rollback(step)
    elif step is not None:
        engine.backend.decode_media(step.media) if step.media else engine.backend.decode(step.batch)
        engine.scheduler.complete(step)
    engine.events += engine.scheduler.take_events()
