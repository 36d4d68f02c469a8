"""The `openai` Python SDK against a live server and a real model."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.conformance.conftest import MODEL

pytestmark = [pytest.mark.slow, pytest.mark.real_model, pytest.mark.timeout(300)]

HELLO: list[Any] = [{"role": "user", "content": "Say hello."}]


def ask(sdk: OpenAI, **fields: Any) -> Any:
    settings = {"model": MODEL, "messages": HELLO, "max_tokens": 10, "temperature": 0} | fields
    return sdk.chat.completions.create(**settings)


def test_models_are_listed_and_found_by_name(sdk: OpenAI) -> None:
    listed = {model.id: model for model in sdk.models.list()}
    assert listed[MODEL].owned_by == "library"
    assert listed[MODEL].created > 1_600_000_000
    assert sdk.models.retrieve(MODEL).id == MODEL
    with pytest.raises(openai.NotFoundError):
        sdk.models.retrieve("team/nope:v1")


def test_a_chat_has_a_message_and_its_usage(sdk: OpenAI) -> None:
    answer = ask(sdk)
    assert answer.object == "chat.completion"
    assert answer.id.startswith("chatcmpl-")
    assert answer.model == MODEL
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason in ("stop", "length")
    usage = answer.usage
    assert usage.prompt_tokens + usage.completion_tokens == usage.total_tokens
    assert 0 < usage.completion_tokens <= 10


def test_asking_again_finds_the_prompt_in_the_cache(sdk: OpenAI) -> None:
    ask(sdk)
    assert ask(sdk).usage.prompt_tokens_details.cached_tokens > 0


def test_a_stream_has_a_role_text_a_reason_and_usage_under_one_id(sdk: OpenAI) -> None:
    whole = ask(sdk, seed=1)
    chunks = list(ask(sdk, seed=1, stream=True, stream_options={"include_usage": True}))
    assert len({(chunk.id, chunk.created) for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_two_choices_differ_and_their_prompt_counts_once(sdk: OpenAI) -> None:
    answer = ask(sdk, n=2, temperature=1.3, seed=11, max_tokens=16)
    first, second = (choice.message.content for choice in answer.choices)
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert first != second
    assert answer.usage.prompt_tokens == ask(sdk).usage.prompt_tokens


def test_two_choices_stream_side_by_side(sdk: OpenAI) -> None:
    chunks = list(ask(sdk, n=2, temperature=1, stream=True))
    for index in (0, 1):
        mine = [chunk.choices[0] for chunk in chunks if chunk.choices[0].index == index]
        assert mine[0].delta.role == "assistant"
        assert [choice.finish_reason for choice in mine[:-1]] == [None] * (len(mine) - 1)
        assert mine[-1].finish_reason in ("stop", "length")


def test_a_seed_makes_an_answer_again(sdk: OpenAI) -> None:
    one, same, other = (
        ask(sdk, seed=seed, temperature=1.2, max_tokens=16).choices[0].message.content for seed in (5, 5, 6)
    )
    assert one == same
    assert one != other


@pytest.mark.parametrize("as_list", [False, True])
def test_stop_may_be_text_or_a_list(sdk: OpenAI, as_list: bool) -> None:
    whole = sdk.completions.create(model=MODEL, prompt="1, 2, 3, 4,", temperature=0, max_tokens=24).choices[0].text
    stop = whole[6:9]
    stopped = sdk.completions.create(
        model=MODEL, prompt="1, 2, 3, 4,", temperature=0, max_tokens=24, stop=[stop, "never"] if as_list else stop
    )
    assert stopped.choices[0].text == whole[: whole.index(stop)]
    assert stopped.choices[0].finish_reason == "stop"


def test_logprobs_of_a_chat(sdk: OpenAI) -> None:
    content = ask(sdk, logprobs=True, top_logprobs=2).choices[0].logprobs.content
    assert content
    assert all(len(token.top_logprobs) == 2 and token.logprob <= 0 for token in content)


def test_logprobs_of_a_completion_are_parallel_lists(sdk: OpenAI) -> None:
    choice = sdk.completions.create(model=MODEL, prompt="The sky", max_tokens=5, temperature=0, logprobs=2).choices[0]
    shown = choice.logprobs
    assert shown is not None
    assert len(shown.tokens or []) == len(shown.token_logprobs or []) == len(shown.text_offset or []) > 0
    assert "".join(shown.tokens or []) == choice.text
    assert (shown.text_offset or [None])[0] == 0


def test_completions_take_several_prompts_and_echo_them(sdk: OpenAI) -> None:
    answer = sdk.completions.create(model=MODEL, prompt=["One,", "Two,"], max_tokens=4, temperature=0, echo=True)
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert answer.choices[0].text.startswith("One,")
    assert answer.choices[1].text.startswith("Two,")


def test_a_completion_streams(sdk: OpenAI) -> None:
    chunks = list(sdk.completions.create(model=MODEL, prompt="Once upon", max_tokens=6, temperature=0, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason in ("stop", "length")


def test_a_prompt_may_be_tokens(sdk: OpenAI) -> None:
    answer = sdk.completions.create(model=MODEL, prompt=[504, 2409], max_tokens=4, temperature=0)
    assert answer.usage is not None
    assert answer.usage.prompt_tokens >= 2


def test_powers_extras_are_taken(sdk: OpenAI) -> None:
    extras = {
        "top_k": 1,
        "min_p": 0.1,
        "repeat_penalty": 1.1,
        "keep_alive": "5m",
        "options": {"mirostat": 0, "nonsense": 1},
    }
    raw = sdk.chat.completions.with_raw_response.create(model=MODEL, messages=HELLO, max_tokens=4, extra_body=extras)
    assert raw.headers["x-power-ignored-options"] == "nonsense"
    assert raw.parse().choices[0].message.content


def test_leaving_a_stream_leaves_the_server_ready(sdk: OpenAI) -> None:
    stream = ask(sdk, stream=True, max_tokens=2000)
    assert len(list(islice(stream, 3))) == 3
    stream.close()
    assert ask(sdk).choices[0].message.content


def test_eight_people_at_once_all_get_answers(sdk: OpenAI) -> None:
    with ThreadPoolExecutor(8) as people:
        answers = list(people.map(lambda number: ask(sdk, user=str(number)), range(8)))
    assert all(answer.choices[0].message.content for answer in answers)
    assert len({answer.id for answer in answers}) == 8


@pytest.mark.parametrize(
    ("fields", "kind", "param", "code"),
    [
        ({"model": "nope"}, openai.NotFoundError, None, "model_not_found"),
        ({"model": "a b"}, openai.BadRequestError, None, "invalid_model_name"),
        ({"messages": []}, openai.BadRequestError, "messages", None),
        ({"temperature": -1}, openai.BadRequestError, "temperature", None),
        ({"n": 9}, openai.BadRequestError, "n", None),
        ({"max_tokens": 0}, openai.BadRequestError, "max_tokens", None),
        ({"logit_bias": {"9999999": 1}}, openai.BadRequestError, "logit_bias", None),
    ],
)
def test_errors_become_the_sdks_exceptions(
    sdk: OpenAI, fields: dict[str, Any], kind: type[openai.APIStatusError], param: str | None, code: str | None
) -> None:
    with pytest.raises(kind) as caught:
        ask(sdk, **fields)
    assert (caught.value.param, caught.value.code) == (param, code)
