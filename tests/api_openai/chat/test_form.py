"""What a chat's answer is to be, from OpenAI's fields for thoughts, tools and formats."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from api_openai.chat.body import ChatBody, ResponseFormat
from api_openai.chat.form import chat_form, format_constraint
from api_openai.chat.tools import custom_names
from inference import ModelSpec
from inference.request import Constraint
from models_app.entries import ServedModel
from models_app.naming import ModelName
from models_app.serving.answer_form import AnswerForm
from power_site.http import BadRequest, convert

SPEC = ModelSpec(
    name="m:latest", digest="ab" * 32, model_path="x", size_bytes=1, n_ctx_train=2048, kv_bytes_per_token=1
)
QWEN = '{{ tools }}<think></think><tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}</tool_call>'
ADD = {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}
TOOL = {"type": "function", "function": ADD}
LARK = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: /a/"}}
DIGITS = {"type": "grammar", "grammar": {"syntax": "regex", "definition": "[0-9]+"}}


def body(**fields: Any) -> ChatBody:
    return convert({"model": "m", "messages": [{"role": "user", "content": "hi"}]} | fields, ChatBody)


def form(*capabilities: str, template: str = QWEN, **fields: Any) -> AnswerForm:
    words = ("completion", *capabilities)
    served = ServedModel(name=ModelName.parse("m"), spec=SPEC, capabilities=words, chat_template=template)
    return chat_form(body(**fields), served)


def refused(*capabilities: str, **fields: Any) -> str | None:
    with pytest.raises(BadRequest) as caught:
        form(*capabilities, **fields)
    return caught.value.field


@pytest.mark.parametrize(
    ("effort", "think"),
    [("none", False), ("minimal", "low"), ("low", "low"), ("high", "high"), ("xhigh", "max"), ("ultra", "max")],
)
def test_an_effort_is_a_level_of_thinking(effort: str, think: bool | str) -> None:
    assert form("thinking", reasoning_effort=effort).think == think
    assert form("thinking", reasoning={"effort": effort}).think == think


def test_a_model_that_thinks_does_and_ollamas_word_for_it_counts_too() -> None:
    assert form("thinking").think is True
    assert form("thinking", think=False).think is False
    assert form("thinking", think=True, reasoning_effort="low").think == "low"


def test_an_effort_that_is_none_or_that_the_model_can_not_make_is_refused_by_name() -> None:
    assert refused("thinking", reasoning_effort="hard") == "reasoning_effort"
    assert refused("thinking", reasoning={"effort": "hard"}) == "reasoning.effort"
    assert refused("thinking", think="hard") == "think"
    assert refused(reasoning_effort="high") == "reasoning_effort"
    assert form(reasoning_effort="none").think is False


def test_any_model_takes_tools_in_words_where_it_knows_none() -> None:
    assert form("tools", tools=[TOOL]).in_words is False
    told = form(template="{{ messages }}", tools=[TOOL])
    assert told.in_words
    assert told.tools[0]["function"]["name"] == "add"


def test_a_required_or_named_tool_binds_the_answer() -> None:
    assert form("tools", tools=[TOOL], tool_choice="required").constraint is not None
    named = {"type": "function", "function": {"name": "add"}}
    assert form("tools", tools=[TOOL], tool_choice=named).constraint is not None
    assert form("tools", tools=[TOOL]).constraint is None
    assert form("tools", tools=[TOOL], tool_choice="none").tools == ()


def test_a_custom_tool_is_a_function_of_one_text() -> None:
    dial = {"type": "custom", "custom": {"name": "dial", "description": "Calls", "format": DIGITS}}
    (tool,) = form("tools", tools=[dial]).tools
    assert tool["function"]["name"] == "dial"
    assert tool["function"]["parameters"]["properties"] == {"input": {"type": "string", "pattern": "^(?:[0-9]+)$"}}
    named = {"type": "custom", "custom": {"name": "dial"}}
    assert form("tools", tools=[TOOL, dial], tool_choice=named).constraint is not None
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [named]}}
    assert len(form("tools", tools=[TOOL, dial], tool_choice=allowed).tools) == 1
    assert custom_names(body(tools=[TOOL, dial])) == {"dial"}


def test_functions_are_tools_by_their_old_name() -> None:
    old = form("tools", functions=[ADD])
    assert old.tools == form("tools", tools=[TOOL]).tools
    assert form("tools", functions=[ADD], function_call="none").tools == ()
    assert form("tools", functions=[ADD], function_call={"name": "add"}).constraint is not None


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"tools": [{"type": "code_interpreter"}]}, "tools[0].type"),
        ({"tools": [{"type": "custom"}]}, "tools[0].custom"),
        ({"tools": [{"type": "custom", "custom": {"name": "x", "format": LARK}}]}, "tools[0].custom.format"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": {"type": "function", "function": {"name": "no"}}, "tools": [TOOL]}, "tool_choice"),
        ({"functions": [ADD], "tools": [TOOL]}, "functions"),
        ({"functions": [{}]}, "functions[0].name"),
        ({"functions": [1]}, "functions[0]"),
        ({"functions": [ADD], "function_call": {"name": "no"}}, "function_call"),
        ({"function_call": {"name": "add"}}, "function_call"),
    ],
)
def test_tools_that_can_not_be_used_are_refused_by_name(fields: dict[str, Any], named: str) -> None:
    assert refused("tools", **fields) == named


def constraint(**fields: Any) -> Constraint | None:
    return format_constraint(convert(fields, ResponseFormat))


def test_a_format_is_text_any_object_or_a_schema() -> None:
    assert format_constraint(None) is None
    assert constraint(type="text") is None
    assert constraint(type="json_object") == Constraint(kind="json")
    for strict in (None, False, True):
        held = constraint(type="json_schema", json_schema={"name": "n", "schema": {"type": "object"}, "strict": strict})
        assert held is not None
        assert (held.kind, orjson.loads(held.text)) == ("json_schema", {"type": "object"})
    assert constraint(type="json_schema", json_schema={"name": "n"}) == Constraint(kind="json")


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"a": schema}
    return schema


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (None, "response_format.json_schema"),
        ({"name": "n", "strict": True}, "response_format.json_schema.schema"),
        ({"name": "n", "schema": nested(600)}, "response_format.json_schema.schema"),
    ],
)
def test_a_schema_that_is_missing_or_can_not_be_read_is_named(given: dict[str, Any] | None, named: str) -> None:
    with pytest.raises(BadRequest) as caught:
        constraint(type="json_schema", json_schema=given)
    assert caught.value.field == named
