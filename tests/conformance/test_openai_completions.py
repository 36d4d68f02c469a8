"""The `openai` Python SDK on /v1/completions, whole, against a live server and a real model; and tokens beside it."""

from __future__ import annotations

import httpx2
import openai
import pytest
from openai import OpenAI

from tests.conformance.conftest import MODEL

pytestmark = [pytest.mark.slow, pytest.mark.real_model, pytest.mark.timeout(300)]

PROMPT = "The capital of France is"


def test_an_echo_has_logprobs_of_the_prompt_that_fit_together(sdk: OpenAI) -> None:
    answer = sdk.completions.create(model=MODEL, prompt=PROMPT, echo=True, logprobs=2, max_tokens=3, temperature=0)
    (choice,) = answer.choices
    shown = choice.logprobs
    assert shown is not None
    tokens, logprobs, offsets, top = shown.tokens, shown.token_logprobs, shown.text_offset, shown.top_logprobs
    assert tokens
    assert logprobs
    assert offsets
    assert top
    assert answer.usage is not None
    assert len(tokens) == len(logprobs) == len(offsets) == len(top) == answer.usage.total_tokens
    assert (logprobs[0], top[0]) == (None, None)
    assert all(one < 0 for one in logprobs[1:])
    assert all(max(each.values()) >= one for each, one in zip(top[1:], logprobs[1:], strict=True))
    assert all(choice.text[at:].startswith(token) for at, token in zip(offsets, tokens, strict=True))
    assert choice.text.startswith(PROMPT)


def test_a_prompt_can_be_scored_alone_and_is_the_same_as_tokens(sdk: OpenAI, raw: httpx2.Client) -> None:
    tokens = raw.post("/tokenize", json={"model": MODEL, "prompt": PROMPT}).json()["tokens"]
    answer = sdk.completions.create(model=MODEL, prompt=[tokens], echo=True, logprobs=0, max_tokens=0)
    (choice,) = answer.choices
    assert choice.text == PROMPT == raw.post("/detokenize", json={"model": MODEL, "tokens": tokens}).json()["prompt"]
    assert choice.logprobs is not None
    assert len(choice.logprobs.token_logprobs or []) == len(tokens)
    assert choice.finish_reason == "length"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (len(tokens), 0)


def test_the_best_of_several_is_one_and_all_are_counted(sdk: OpenAI) -> None:
    answer = sdk.completions.create(model=MODEL, prompt=PROMPT, best_of=3, n=1, max_tokens=4, temperature=1.2)
    assert len(answer.choices) == 1
    assert answer.usage is not None
    assert 4 < answer.usage.completion_tokens <= 12


def test_a_stream_echoes_first(sdk: OpenAI) -> None:
    chunks = list(
        sdk.completions.create(
            model=MODEL,
            prompt=PROMPT,
            echo=True,
            logprobs=1,
            max_tokens=3,
            temperature=0,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert chunks[0].choices[0].text == PROMPT
    assert chunks[0].choices[0].logprobs is not None
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 3


def test_what_a_model_can_not_do_is_told_by_the_field(sdk: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.completions.create(model=MODEL, prompt="a", suffix="b", max_tokens=1)
    assert caught.value.param == "suffix"
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.completions.create(model=MODEL, prompt="word " * 9000, max_tokens=1)
    assert (caught.value.code, caught.value.param) == ("context_length_exceeded", "prompt")


def test_a_chat_has_as_many_tokens_as_its_usage_says(sdk: OpenAI, raw: httpx2.Client) -> None:
    messages = [{"role": "user", "content": "Say hello in three languages."}]
    answer = sdk.chat.completions.create(model=MODEL, messages=messages, max_tokens=1)  # type: ignore[arg-type]
    counted = raw.post("/v1/tokenize", json={"model": MODEL, "messages": messages}).json()
    assert answer.usage is not None
    assert counted["count"] == answer.usage.prompt_tokens
    info = raw.get("/v1/tokenizer_info", params={"model": MODEL}).json()
    assert (info["eos_token"], info["vocab_size"]) == ("<|im_end|>", 49152)
