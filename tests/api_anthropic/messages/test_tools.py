"""api_anthropic.messages.tools: tools by Anthropic's names, and the four choices."""

from __future__ import annotations

from typing import Any

import pytest

from api_anthropic.messages.tools import engine_tool_choice, engine_tools
from models_app.serving.tools import ToolChoice
from power_site.http import BadRequest

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"name": "f", "description": "Finds.", "input_schema": SCHEMA}
TOOLS = engine_tools([TOOL])


def test_a_tool_is_a_function_with_its_schema() -> None:
    function = {"name": "f", "description": "Finds.", "parameters": SCHEMA}
    assert ({"type": "function", "function": function},) == TOOLS


def test_hints_about_a_tool_are_taken() -> None:
    hints = {"type": "custom", "strict": True, "cache_control": {"type": "ephemeral"}, "eager_input_streaming": True}
    assert engine_tools([{**TOOL, **hints, "allowed_callers": ["direct"], "defer_loading": False}]) == TOOLS


def test_examples_are_told_with_the_description() -> None:
    (tool,) = engine_tools([{**TOOL, "input_examples": [{"city": "Rome"}]}])
    assert tool["function"]["description"] == 'Finds.\nExample input: {"city":"Rome"}'


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"type": "web_search_20250305"}, 'tools[0].type: "web_search_20250305" is not supported'),
        ({"type": "bash_20250124"}, 'tools[0].type: "bash_20250124" is not supported'),
        ({"defer_loading": True}, "tools[0].defer_loading is not supported"),
        ({"allowed_callers": ["code_execution_20260120"]}, "tools[0].allowed_callers"),
        ({"input_examples": 5}, "tools[0].input_examples must be"),
        ({"name": ""}, 'invalid value for "tools[0].name"'),
        ({"description": 5}, 'invalid value for "tools[0].description"'),
        ({"input_schema": "x"}, 'invalid value for "tools[0].input_schema"'),
        ({"input_schema": {"type": "object", "properties": {"a": 5}}}, 'invalid value for "tools[0].input_schema.prop'),
    ],
)
def test_a_tool_that_can_not_be_offered_is_refused_by_its_place(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        engine_tools([{**TOOL, **fields}])
    assert str(caught.value).startswith(message)


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(BadRequest, match=r"^tools: names must be unique$"):
        engine_tools([TOOL, TOOL])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, (ToolChoice(), True)),
        ({"type": "auto"}, (ToolChoice(), True)),
        ({"type": "auto", "disable_parallel_tool_use": True}, (ToolChoice(), False)),
        ({"type": "none"}, (ToolChoice(mode="none"), True)),
        ({"type": "any"}, (ToolChoice(mode="required"), True)),
        ({"type": "tool", "name": "f"}, (ToolChoice(mode="required", name="f"), True)),
        ({"type": "any", "disable_parallel_tool_use": True}, (ToolChoice(mode="required"), False)),
    ],
)
def test_the_choices(value: Any, expected: tuple[ToolChoice, bool]) -> None:
    assert engine_tool_choice(value, TOOLS) == expected


@pytest.mark.parametrize("value", [{"type": "tool"}, {"type": "tool", "name": "g"}, {"type": "required"}, {}])
def test_a_choice_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(BadRequest, match=r"^tool_choice"):
        engine_tool_choice(value, TOOLS)


def test_nothing_can_be_forced_without_tools() -> None:
    with pytest.raises(BadRequest, match=r"^tool_choice may only be specified while providing tools$"):
        engine_tool_choice({"type": "any"}, ())
