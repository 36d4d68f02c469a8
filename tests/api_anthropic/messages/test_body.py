"""api_anthropic.messages.body: every field that the SDK knows is honoured, a hint, or refused by name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from api_anthropic.messages.body import HINTS, REFUSED, Body, MessageBody, refuse_unsupported, unknown_fields
from power_site.http import BadRequest, convert

# MessageCreateParams of the SDK (2.12), then what only its beta has, then what older ones had. The conformance suite
# holds this list to the SDK itself.
SDK_FIELDS = frozenset(
    [
        *("max_tokens", "messages", "model", "cache_control", "container", "diagnostics", "inference_geo", "metadata"),
        *("output_config", "service_tier", "speed", "stop_sequences", "stream", "system", "thinking", "tool_choice"),
        *("tools", "user_profile_id", "workspace_id"),
        *("billing_policy", "compaction", "context_management", "fallback_credit_token", "fallbacks", "mcp_servers"),
        *("thread", "betas", "output_format"),
        *("temperature", "top_k", "top_p"),
    ]
)
HELLO = [{"role": "user", "content": "hi"}]


def body(**fields: Any) -> MessageBody:
    return convert({"model": "m", "max_tokens": 10, "messages": HELLO, **fields}, MessageBody)


def test_no_field_of_the_sdk_is_dropped_in_silence() -> None:
    known = HINTS.union(REFUSED, ["thread"], (field.encode_name for field in msgspec.structs.fields(MessageBody)))
    assert known >= SDK_FIELDS


@pytest.mark.parametrize("name", [*REFUSED, "thread"])
def test_what_would_change_the_answer_is_refused_by_name(name: str) -> None:
    with pytest.raises(BadRequest, match=rf"^{name} is not supported by this server$") as caught:
        refuse_unsupported({name: {"some": "thing"}})
    assert caught.value.field == name


def test_what_asks_for_nothing_is_no_reason_to_refuse() -> None:
    refuse_unsupported({"mcp_servers": [], "fallbacks": [], "service_tier": "auto", "speed": "fast"})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": ""}, "model is required"),
        ({"max_tokens": -1}, "max_tokens is required and must be positive"),
        ({"messages": []}, "messages is required"),
        ({"messages": [{"role": "tool", "content": "x"}]}, 'invalid value for "messages[0].role"'),
        ({"messages": [{"role": "user", "content": [1]}]}, 'invalid value for "messages[0].content[0]"'),
        ({"thinking": {"type": "enabled", "budget_tokens": 10}}, "max_tokens must be greater than thinking"),
        ({"thinking": {"type": "on"}}, 'invalid value for "thinking.type"'),
        ({"output_config": {"effort": "some"}}, 'invalid value for "output_config.effort"'),
        ({"output_config": {"task_budget": {"total": 5}}}, "output_config.task_budget is not supported"),
        ({"output_config": {"format": {"type": "grammar", "schema": {}}}}, 'invalid value for "output_config.format'),
    ],
)
def test_a_bad_field_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        body(**fields)
    assert str(caught.value).startswith(message)


def test_max_tokens_is_required_but_for_counting() -> None:
    with pytest.raises(BadRequest, match=r"^max_tokens is required"):
        convert({"model": "m", "messages": HELLO}, MessageBody)
    assert convert({"model": "m", "messages": HELLO}, Body).messages[0].content == "hi"


def test_no_tokens_at_all_warm_the_cache() -> None:
    assert body(max_tokens=0).sampling() == {"num_predict": 0}


def test_anthropics_own_fields_win_over_options() -> None:
    given = body(temperature=0.5, top_k=3, options={"top_k": 9, "min_p": 0.1}).sampling()
    assert given == {"temperature": 0.5, "top_k": 3, "min_p": 0.1, "num_predict": 10}


def test_a_format_may_be_where_the_beta_had_it() -> None:
    wanted = {"type": "json_schema", "schema": {"type": "object"}}
    assert body(output_format=wanted).format == body(output_config={"format": wanted}).format
    assert body().format is None


def test_fields_of_tomorrow_are_named_and_not_refused() -> None:
    fields = {"model": "m", "stream": True, "service_tier": "auto", "thread": None, "telepathy": 1}
    assert list(unknown_fields(fields)) == ["telepathy"]
