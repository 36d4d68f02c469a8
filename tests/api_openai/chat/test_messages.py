"""OpenAI's messages as the engine's."""

from __future__ import annotations

from typing import Any

import pytest

from api_openai.chat.message import Message
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


@pytest.mark.parametrize("content", [None, [{"type": "file"}], [{"type": "text"}], [{"text": "x"}]])
def test_content_that_can_not_be_used_is_refused_by_the_messages_number(content: Any) -> None:
    with pytest.raises(BadRequest, match=r"messages\[1\]\.content") as caught:
        turns({"role": "user", "content": "x"}, {"role": "user", "content": content})
    assert str(caught.value.field).startswith("messages[1].content")


def test_an_answer_may_be_sent_back_as_it_came_nulls_and_all() -> None:
    given = {
        "role": "assistant",
        "content": "hi",
        "refusal": None,
        "annotations": [],
        "audio": None,
        "tool_calls": None,
    }
    assert turns(given | {"function_call": None, "name": None})[0] == engine.Message(role="assistant", content="hi")
    assert turns({"role": "assistant", "content": None, "refusal": "no"})[0].content == "no"


def test_a_name_goes_to_the_template() -> None:
    assert turns({"role": "user", "content": "x", "name": "ann"})[0].name == "ann"


def test_a_function_call_and_its_result_are_what_tools_were_before() -> None:
    called, result = turns(
        {"role": "assistant", "content": None, "function_call": {"name": "add", "arguments": '{"a":1}'}},
        {"role": "function", "name": "add", "content": None},
    )
    assert called.tool_calls[0]["function"] == {"name": "add", "arguments": {"a": 1}}
    assert (result.role, result.tool_name, result.content) == ("tool", "add", "")


def test_answers_in_sound_can_not_be_referred_to() -> None:
    with pytest.raises(BadRequest) as caught:
        turns({"role": "assistant", "content": None, "audio": {"id": "a"}})
    assert caught.value.field == "messages[0].audio"


def test_tool_calls_reach_the_template_with_arguments_as_an_object() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"b":1,"a":2}'}}
    asked, result = turns(
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "3", "tool_call_id": "call_1"},
    )
    assert asked.tool_calls[0]["function"]["arguments"] == {"b": 1, "a": 2}
    assert (result.tool_name, result.tool_call_id) == ("add", "call_1")


def test_tool_calls_with_arguments_that_are_no_json_are_refused() -> None:
    with pytest.raises(BadRequest) as caught:
        turns({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]})
    assert caught.value.field == "messages[0].tool_calls[0].function.arguments"


def test_a_custom_tools_call_is_its_functions() -> None:
    call = {"id": "call_1", "type": "custom", "custom": {"name": "shell", "input": "ls"}}
    asked, result = turns(
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "a b", "tool_call_id": "call_1"},
    )
    assert asked.tool_calls[0]["function"] == {"name": "shell", "arguments": {"input": "ls"}}
    assert result.tool_name == "shell"
