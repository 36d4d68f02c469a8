from __future__ import annotations

from inference.engine.sequence import Sequence
from inference.engine.step import MIN_CHUNK, PrefillPace, share_prefill
from inference.request import GenerateRequest, TextPrompt


def sequences(n: int) -> list[Sequence]:
    request = GenerateRequest(prompt=TextPrompt(text="x"))
    return [Sequence(each, request, [1], sampler=None, arrival=each, submitted_at=0.0) for each in range(n)]


def shares(pending: list[int], budget: int) -> list[int]:
    waiting = sequences(len(pending))
    granted = dict.fromkeys(waiting, 0) | dict(share_prefill(list(zip(waiting, pending, strict=True)), budget))
    return list(granted.values())


def test_alone_a_prompt_gets_the_whole_budget() -> None:
    assert shares([1000], 512) == [512]
    assert shares([100], 512) == [100]


def test_equal_prompts_are_served_first_come_first_served() -> None:
    assert shares([300, 300, 300], 400) == [300, 100, 0]


def test_a_short_prompt_passes_a_long_one_that_still_gets_half() -> None:
    assert shares([5000, 40], 512) == [472, 40]
    assert shares([5000, 400], 512) == [256, 256]


def test_a_stream_of_short_prompts_cannot_starve_the_oldest() -> None:
    assert shares([5000, 300, 300], 512) == [256, 256, 0]


def test_no_budget_is_shared_by_nobody() -> None:
    assert share_prefill([(each, 5) for each in sequences(2)], 0) == []


def test_prefill_takes_the_whole_batch_while_nobody_decodes() -> None:
    pace = PrefillPace(512)
    pace.learn(512, 10.0)
    assert pace.limit(others_decode=False) == 512


def test_prefill_leaves_decoding_sequences_their_pace() -> None:
    pace = PrefillPace(512)
    assert pace.limit(others_decode=True) == 512
    pace.learn(500, 1.0)
    assert pace.limit(others_decode=True) == 100
    pace.learn(500, 100.0)
    assert pace.limit(others_decode=True) == MIN_CHUNK


def test_a_decode_step_says_nothing_about_prefill() -> None:
    pace = PrefillPace(512)
    pace.learn(8, 5.0)
    assert pace.limit(others_decode=True) == 512
