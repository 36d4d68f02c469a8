"""api_openai.wire and messages: OpenAI's requests, what of them counts and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from api_openai.messages import engine_messages
from api_openai.wire import ChatBody, CompletionBody, refuse_unsupported_chat, refuse_unsupported_completion
from inference.request import Message
from power_site.http import BadRequest, convert

HI: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def chat_body(**fields: Any) -> ChatBody:
    return convert(HI | fields, ChatBody)


def turns(*messages: dict[str, Any]) -> list[Message]:
    return engine_messages(chat_body(messages=list(messages)).messages)


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
        refuse_unsupported_chat(HI | fields)
    assert caught.value.field in fields
    assert caught.value.field in str(caught.value)


def test_what_asks_for_nothing_special_is_accepted() -> None:
    refuse_unsupported_chat(
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
    refuse_unsupported_completion({"model": "m", "prompt": "x", "suffix": "", "best_of": 1})


def test_best_of_and_suffix_are_refused() -> None:
    for fields in ({"best_of": 3}, {"suffix": "x"}):
        with pytest.raises(BadRequest):
            refuse_unsupported_completion({"model": "m", "prompt": "x", **fields})


def test_zero_logprobs_of_a_completion_are_the_chosen_tokens_alone() -> None:
    assert convert({"model": "m", "logprobs": 0}, CompletionBody).wanted_logprobs == 0
    assert convert({"model": "m"}, CompletionBody).wanted_logprobs is None


def test_developer_is_a_system_and_roles_are_lower_case() -> None:
    assert [turn.role for turn in turns({"role": "developer", "content": "x"}, {"role": "User", "content": "y"})] == [
        "system",
        "user",
    ]


def test_parts_of_text_are_put_together() -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    assert turns({"role": "user", "content": parts})[0].content == "one\ntwo"


@pytest.mark.parametrize(
    "content",
    [
        None,
        [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}],
        [{"type": "input_audio", "input_audio": {}}],
        [{"type": "text"}],
        [{"text": "x"}],
    ],
)
def test_content_that_is_no_text_is_refused_by_the_messages_number(content: Any) -> None:
    with pytest.raises(BadRequest, match=r"messages\[1\]\.content") as caught:
        turns({"role": "user", "content": "x"}, {"role": "user", "content": content})
    assert str(caught.value.field).startswith("messages[1].content")


def test_tool_calls_reach_the_template_with_arguments_as_an_object() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"b":1,"a":2}'}}
    asked, result = turns(
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "3", "tool_call_id": "call_1"},
    )
    assert asked.tool_calls[0]["function"]["arguments"] == {"b": 1, "a": 2}
    assert (result.tool_name, result.tool_call_id) == ("add", "call_1")


def test_tool_calls_with_arguments_that_are_no_json_are_refused() -> None:
    with pytest.raises(BadRequest, match="invalid tool call arguments"):
        turns({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]})
