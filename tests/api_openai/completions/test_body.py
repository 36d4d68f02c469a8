"""A legacy completion's request: what of it counts and what is refused."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest
from openai.types import CompletionCreateParams

from api_openai.completions.body import CompletionBody
from api_openai.completions.prompts import prompts_of
from inference import ModelSpec
from inference.request import ChatPrompt, Prompt, TextPrompt, TokenPrompt
from models_app.entries import ServedModel
from models_app.naming import ModelName
from power_site.http import BadRequest, convert

SPEC = ModelSpec(
    name="m", digest="ab" * 32, model_path="x", size_bytes=1, n_ctx_train=64, kv_bytes_per_token=1, n_vocab=100
)


def body(**fields: Any) -> CompletionBody:
    return convert({"model": "m"} | fields, CompletionBody)


def prompts(prompt: Any, *capabilities: str, **fields: Any) -> list[Prompt]:
    served = ServedModel(name=ModelName.parse("m"), spec=SPEC, capabilities=("completion", *capabilities))
    return prompts_of(body(prompt=prompt, **fields), served)


def test_every_field_that_the_sdk_knows_is_taken() -> None:
    sent = {name for kind in get_args(CompletionCreateParams) for name in get_type_hints(kind)}
    assert len(sent) > 15
    assert sent <= set(CompletionBody.__struct_encode_fields__)


def test_zero_logprobs_are_the_chosen_tokens_alone() -> None:
    assert body(logprobs=0).wanted_logprobs == 0
    assert body().wanted_logprobs is None
    assert body(logprobs=3).prompt_logprobs is None
    assert body(logprobs=3, echo=True).prompt_logprobs == 3


def test_a_choice_among_candidates_needs_logprobs_that_nobody_asked_for() -> None:
    asked = body(n=2, best_of=3)
    assert (asked.n_candidates, asked.chooses, asked.wanted_logprobs) == (3, True, 0)
    assert (body(n=2).n_candidates, body(n=2, best_of=2).chooses) == (2, False)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"best_of": 1, "n": 2}, "best_of"),
        ({"best_of": 3, "stream": True}, "best_of"),
        ({"best_of": 21}, "best_of"),
        ({"logprobs": 21}, "logprobs"),
        ({"logprobs": -1}, "logprobs"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"echo": True, "suffix": "x"}, "echo"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequest) as caught:
        body(**fields)
    assert caught.value.field == field


def test_the_prompt_has_four_forms() -> None:
    assert prompts("a") == [TextPrompt(text="a")]
    assert prompts(["a", "b"]) == [TextPrompt(text="a"), TextPrompt(text="b")]
    assert prompts([1, 2]) == [TokenPrompt(tokens=(1, 2))]
    assert prompts([[1, 2], [3]]) == [TokenPrompt(tokens=(1, 2)), TokenPrompt(tokens=(3,))]
    assert prompts([[1], "b"]) == [TokenPrompt(tokens=(1,)), TextPrompt(text="b")]


@pytest.mark.parametrize("wrong", [[], [[]], [1, "a"], [True], [100], [[-1]], 5, {"a": 1}, ["a"] * 65, [None]])
def test_any_other_is_refused(wrong: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        prompts(wrong)
    assert caught.value.field == "prompt"


def test_so_many_answers_are_refused() -> None:
    with pytest.raises(BadRequest, match="512"):
        prompts(["a"] * 64, best_of=9)


def test_a_suffix_is_for_models_that_insert() -> None:
    (prompt,) = prompts("before", "insert", suffix="after")
    assert isinstance(prompt, ChatPrompt)
    assert (prompt.messages[-1].content, prompt.suffix) == ("before", "after")
    for wrong, capabilities in (("before", ()), ([1, 2], ("insert",))):
        with pytest.raises(BadRequest) as caught:
            prompts(wrong, *capabilities, suffix="after")
        assert caught.value.field == "suffix"
