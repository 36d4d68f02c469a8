"""api_ollama.wire: requests as Go's encoding/json would read them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from api_ollama.wire import ChatBody, GenerateBody, decode
from power_site.http import BadRequest


def test_streaming_truncation_and_shift_are_on_by_default() -> None:
    body = decode({"model": "m"}, GenerateBody)
    assert (body.stream, body.truncate, body.shift, body.raw) == (True, True, True, False)


def test_names_are_matched_without_case_at_every_level_but_options() -> None:
    body = decode(
        {"MODEL": "m", "Messages": [{"ROLE": "User", "Content": "hi", "thinking": None}], "options": {"Seed": 1}},
        ChatBody,
    )
    assert body.model == "m"
    assert (body.messages[0].message().role, body.messages[0].content) == ("user", "hi")
    assert body.options == {"Seed": 1}


def test_unknown_fields_are_ignored() -> None:
    assert decode({"model": "m", "frobnicate": {"a": 1}}, GenerateBody).model == "m"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (0, 0.0),
        (1.5, 1.5),
        (-1, math.inf),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("-1s", math.inf),
        ("0", 0.0),
        (1e300, math.inf),
    ],
)
def test_keep_alive_is_seconds_or_a_go_duration(value: object, seconds: float) -> None:
    assert decode({"model": "m", "keep_alive": value}, GenerateBody).keep_alive_seconds() == seconds


def test_keep_alive_is_unset_without_a_value() -> None:
    assert decode({"model": "m"}, GenerateBody).keep_alive_seconds() is None


def test_a_keep_alive_without_a_unit_is_refused_in_gos_words() -> None:
    with pytest.raises(BadRequest, match=r'^time: missing unit in duration "10"$'):
        decode({"model": "m", "keep_alive": "10"}, GenerateBody).keep_alive_seconds()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"model": 5}, "model"),
        ({"prompt": ["x"]}, "prompt"),
        ({"stream": "yes"}, "stream"),
        ({"context": "1,2"}, "context"),
        ({"context": [1.5]}, "context[0]"),
        ({"options": []}, "options"),
        ({"keep_alive": True}, "keep_alive"),
        ({"keep_alive": []}, "keep_alive"),
        ({"think": "sometimes"}, "think"),
        ({"think": 1}, "think"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"top_logprobs": -1}, "top_logprobs"),
        ({"logprobs": 1}, "logprobs"),
        ({"raw": "true"}, "raw"),
    ],
)
def test_a_bad_value_is_refused_by_name(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decode({"model": "m", **fields}, GenerateBody)
    assert caught.value.field == named
    assert named.split("[")[0] in str(caught.value)


@pytest.mark.parametrize(
    "messages", ["hi", {"role": "user"}, ["hi"], [{"role": "user", "content": ["x"]}], [{"role": 1}]]
)
def test_bad_messages_are_refused_by_name(messages: object) -> None:
    with pytest.raises(BadRequest) as caught:
        decode({"model": "m", "messages": messages}, ChatBody)
    assert str(caught.value.field).startswith("messages")


def test_top_logprobs_count_only_with_logprobs() -> None:
    assert decode({"model": "m", "top_logprobs": 3}, ChatBody).wanted_logprobs is None
    assert decode({"model": "m", "top_logprobs": 3, "logprobs": True}, ChatBody).wanted_logprobs == 3
    assert decode({"model": "m", "logprobs": True}, ChatBody).wanted_logprobs == 0
