"""A chat's request: what of it counts and what is refused."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from openai.types.chat import (
    ChatCompletionMessageParam,
    ChatCompletionPredictionContentParam,
    ChatCompletionStreamOptionsParam,
    completion_create_params,
)
from openai.types.chat.completion_create_params import CompletionCreateParams
from openai.types.shared_params import ResponseFormatJSONSchema, response_format_json_schema

from api_openai.body import StreamOptions, unknown_fields
from api_openai.chat.body import (
    REFUSED,
    CacheOptions,
    ChatBody,
    JSONSchema,
    Prediction,
    ResponseFormat,
    refuse_unsupported,
)
from api_openai.chat.message import Message
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
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": 1}}},
            "response_format.json_schema.schema",
        ),
        ({"metadata": {"a": 1}}, "metadata[...]"),
        ({"metadata": {str(number): "" for number in range(17)}}, "metadata"),
        ({"metadata": {"a": "x" * 513}}, "metadata"),
        ({"safety_identifier": "x" * 513}, "safety_identifier"),
        ({"service_tier": "gold"}, "service_tier"),
        ({"prediction": {"type": "content"}}, "prediction"),
        ({"parallel_tool_calls": "no"}, "parallel_tool_calls"),
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
        {"modalities": ["text", "audio"]},
        {"audio": {"voice": "x"}},
        {"moderation": {"model": "m"}},
        {"store": True},
        {"verbosity": "low"},
        {"web_search_options": {}},
    ],
)
def test_what_can_not_be_honoured_is_refused_by_name(fields: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as caught:
        refuse_unsupported(HI | fields)
    assert caught.value.field in fields
    assert caught.value.field in str(caught.value)


def test_what_asks_for_nothing_special_is_accepted() -> None:
    fields = HI | {
        "modalities": ["text"],
        "store": False,
        "verbosity": "medium",
        "service_tier": "flex",
        "prompt_cache_key": "k",
        "prompt_cache_retention": "24h",
        "prompt_cache_options": {"mode": "implicit", "ttl": "30m"},
        "prediction": {"type": "content", "content": "x"},
        "parallel_tool_calls": True,
    }
    refuse_unsupported(fields)
    convert(fields, ChatBody)


def test_every_field_that_the_sdk_knows_is_taken_or_refused_by_name() -> None:
    """A field that a newer SDK sends fails here until somebody has decided about it."""
    sent = {name for kind in get_args(CompletionCreateParams) for name in get_type_hints(kind)}
    assert len(sent) > 35
    assert sent <= {*ChatBody.__struct_encode_fields__, *REFUSED}


def test_every_field_of_a_message_that_the_sdk_knows_is_read() -> None:
    kinds = get_args(ChatCompletionMessageParam)
    sent = {name for kind in kinds for name in get_type_hints(kind)}
    assert len(kinds) == 6
    assert sent <= set(Message.__struct_encode_fields__)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (completion_create_params.PromptCacheOptions, CacheOptions),
        (ChatCompletionStreamOptionsParam, StreamOptions),
        (ChatCompletionPredictionContentParam, Prediction),
        (ResponseFormatJSONSchema, ResponseFormat),
        (response_format_json_schema.JSONSchema, JSONSchema),
    ],
)
def test_every_field_of_an_object_that_the_sdk_knows_is_taken(theirs: type, ours: type[msgspec.Struct]) -> None:
    assert set(get_type_hints(theirs)) <= set(ours.__struct_encode_fields__)


def test_the_user_and_metadata_are_kept_for_the_accounts() -> None:
    assert chat_body(user="u").account == "u"
    body = chat_body(user="u", safety_identifier="s", metadata={"team": "a"})
    assert (body.account, body.labels) == ("s", {"team": "a"})


def test_fields_that_nobody_knows_are_told() -> None:
    sent = HI | {"store": False, "top_k": 3, "cache_prompt": True, "guided_json": {}}
    assert unknown_fields(sent, ChatBody, known=REFUSED) == ("cache_prompt", "guided_json")
