"""Every field of the SDK's own types is honoured, a hint, or refused by name: none is dropped in silence."""

from __future__ import annotations

import typing
from typing import Any

import pytest
from anthropic import Anthropic, BadRequestError
from anthropic.types import beta, message_count_tokens_params, message_create_params
from anthropic.types.beta import message_create_params as beta_params
from conftest import HELLO, MODEL

MARK = {"type": "ephemeral"}
# A value that asks for something; whatever it is, the answer says that it is refused, or doesn't call it unknown.
VALUES: dict[str, Any] = {
    "billing_policy": {"type": "standard"},
    "cache_control": MARK,
    "compaction": {"trigger": {"type": "input_tokens", "value": 50_000}},
    "container": "container_1",
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "diagnostics": {"previous_message_id": None},
    "fallback_credit_token": "token",
    "fallbacks": [{"model": "other"}],
    "inference_geo": "eu",
    "max_tokens": 3,
    "mcp_servers": [{"type": "url", "url": "https://mcp.example", "name": "m"}],
    "messages": HELLO,
    "metadata": {"user_id": "u"},
    "model": MODEL,
    "output_config": {"effort": "low"},
    "output_format": {"type": "json_schema", "schema": {"type": "object"}},
    "service_tier": "auto",
    "speed": "standard",
    "stop_sequences": ["X"],
    "stream": False,
    "system": "Be brief.",
    "temperature": 0.5,
    "thinking": {"type": "disabled"},
    "thread": {"id": "t"},
    "tool_choice": {"type": "none"},
    "tools": [{"name": "f", "input_schema": {"type": "object"}}],
    "top_k": 3,
    "top_p": 0.5,
    "user_profile_id": "p",
    "workspace_id": "w",
}
REFUSED = {"compaction", "container", "fallback_credit_token", "fallbacks", "mcp_servers", "thread"}
HEADERS = {"betas"}  # the SDK makes a header of it


def fields_of(*types: Any) -> set[str]:
    return {name for kind in types for name in typing.get_type_hints(kind)}


def test_no_field_of_the_sdk_is_missing_above() -> None:
    known = fields_of(
        message_create_params.MessageCreateParamsNonStreaming,
        beta_params.MessageCreateParamsNonStreaming,
        message_count_tokens_params.MessageCountTokensParams,
        beta.message_count_tokens_params.MessageCountTokensParams,
    )
    assert known - HEADERS - VALUES.keys() == set()


@pytest.mark.parametrize("name", VALUES)
def test_a_field_is_taken_or_refused_by_name(client: Anthropic, name: str) -> None:
    body = {name: VALUES[name]}
    if name in REFUSED:
        with pytest.raises(BadRequestError, match=f"{name} is not supported by this server"):
            client.messages.create(model=MODEL, messages=HELLO, max_tokens=3, extra_body=body)
        return
    raw = client.messages.with_raw_response.create(model=MODEL, messages=HELLO, max_tokens=3, extra_body=body)
    assert raw.status_code == 200
    assert "x-power-ignored-options" not in raw.headers


def test_a_field_that_nobody_knows_is_named(client: Anthropic) -> None:
    raw = client.messages.with_raw_response.create(
        model=MODEL, messages=HELLO, max_tokens=3, extra_body={"telepathy": 1, "options": {"nonsense": 1}}
    )
    assert raw.headers["x-power-ignored-options"] == "nonsense, telepathy"


def test_what_a_coding_agent_sends_is_taken(client: Anthropic) -> None:
    message = client.beta.messages.create(
        model=MODEL,
        max_tokens=3,
        betas=[
            "context-management-2025-06-27",
            "interleaved-thinking-2025-05-14",
            "fine-grained-tool-streaming-2025-05-14",
        ],
        system=[{"type": "text", "text": "You are an agent.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}]}
        ],
        tools=[{"name": "f", "input_schema": {"type": "object"}, "eager_input_streaming": True}],
        thinking={"type": "adaptive"},
        context_management={"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        metadata={"user_id": "user_1"},
    )
    assert message.context_management is not None
    assert message.context_management.applied_edits == []
