"""A chat's request: what of it counts and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from api_openai.chat.body import ChatBody, refuse_unsupported
from power_site.http import BadRequest, convert

HI: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def chat_body(**fields: Any) -> ChatBody:
    return convert(HI | fields, ChatBody)


def test_it_does_not_stream_by_default() -> None:
    assert chat_body().stream is False


def test_sampling_comes_under_ollamas_names_and_only_what_was_said() -> None:
    assert chat_body().sampling() == {}
    body = chat_body(temperature=0.5, max_tokens=9, stop="x", top_k=3, seed=1, options={"num_ctx": 512, "seed": 9})
    assert body.sampling() == {
        "temperature": 0.5, "num_predict": 9, "stop": ["x"], "top_k": 3, "seed": 1, "num_ctx": 512,
    }  # fmt: skip


def test_max_completion_tokens_wins_over_its_old_name() -> None:
    assert chat_body(max_tokens=9, max_completion_tokens=5).sampling() == {"num_predict": 5}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"model": ""}, "model"),
        ({"model": 1}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"content": "x"}]}, "messages[0]"),
        ({"n": 0}, "n"),
        ({"n": 9}, "n"),
        ({"n": 10**6}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_completion_tokens": 2**31}, "max_completion_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"stop": [1]}, "stop[0]"),
        ({"stop": {}}, "stop"),
        ({"seed": 1.5}, "seed"),
        ({"logit_bias": []}, "logit_bias"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage"),
        ({"logprobs": 5}, "logprobs"),
    ],
)
def test_a_bad_value_is_refused_by_name(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(BadRequest) as caught:
        chat_body(**fields)
    assert caught.value.field == named
    assert named.split("[")[0] in str(caught.value)


def test_no_messages_are_refused_in_ollamas_words() -> None:
    with pytest.raises(BadRequest, match=r"^\[\] is too short - 'messages'$"):
        chat_body(messages=[])


@pytest.mark.parametrize(
    "fields",
    [
        {"response_format": {"type": "json_object"}},
        {"response_format": {"type": "json_schema", "json_schema": {}}},
        {"tool_choice": "required"},
        {"functions": [{"name": "f"}]},
        {"modalities": ["text", "audio"]},
        {"audio": {"voice": "x"}},
        {"prediction": {}},
        {"reasoning_effort": "high"},
        {"web_search_options": {}},
    ],
)
def test_what_would_change_the_answer_and_cannot_be_done_yet_is_refused_by_name(fields: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as caught:
        refuse_unsupported(HI | fields)
    assert caught.value.field in fields
    assert caught.value.field in str(caught.value)


def test_what_asks_for_nothing_special_is_accepted() -> None:
    refuse_unsupported(
        HI
        | {
            "response_format": {"type": "text"},
            "tool_choice": "auto",
            "modalities": ["text"],
            "user": "u",
            "metadata": {"a": "b"},
            "store": True,
            "service_tier": "auto",
            "parallel_tool_calls": True,
        }
    )
