"""OpenAI's messages as the engine's."""

from __future__ import annotations

from typing import Any

import pytest

from api_openai.chat.body import Message
from api_openai.chat.messages import engine_messages
from inference import request as engine
from power_site.http import BadRequest, convert


def turns(*messages: dict[str, Any]) -> list[engine.Message]:
    return engine_messages([convert(message, Message) for message in messages])


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
