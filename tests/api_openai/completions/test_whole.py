from __future__ import annotations

from api_openai.completions.whole import likeliest
from inference.events import TokenLogprob
from models_app.serving.answers import Answer
from tests.generations import FINISHED


def answer(text: str, *logprobs: float) -> Answer:
    found = tuple(TokenLogprob(1, b"x", logprob) for logprob in logprobs)
    return Answer(text=text, thinking="", calls=(), logprobs=found, n_thinking=0, finished=FINISHED)


def test_the_likeliest_on_the_average_come_first_and_an_empty_one_last() -> None:
    candidates = [answer("long", -1, -1, -1, -1), answer("short", -1.5), answer(""), answer("best", -0.5, -0.9)]
    assert [each.text for each in likeliest(candidates, 4)] == ["best", "long", "short", ""]
    assert [each.text for each in likeliest(candidates, 1)] == ["best"]


def test_among_equals_the_first_stays_the_first() -> None:
    assert [each.text for each in likeliest([answer("a", -1), answer("b", -1)], 2)] == ["a", "b"]
