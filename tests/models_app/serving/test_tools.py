from __future__ import annotations

from typing import Any

import pytest

from models_app.serving.tools import ToolChoice, parse_tool_calls, parse_tool_choice, parse_tools
from power_site.http import BadRequest


def tool(name: str = "f", **function: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **function}}


def test_everything_a_schema_may_hold_is_kept_as_it_is() -> None:
    parameters = {
        "type": "object",
        "$defs": {"x": {"type": "string"}},
        "required": ["a"],
        "properties": {
            "a": {"type": ["string", "null"], "enum": ["x", 1]},
            "b": {"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/x"}]},
            "c": {"type": "array", "items": {"type": "object", "properties": {"d": {"type": "number"}}}},
        },
    }
    (parsed,) = parse_tools([tool(parameters=parameters, description="d")])
    assert parsed == tool(parameters=parameters, description="d")


def test_a_property_that_may_be_anything_is_written_out_for_the_templates() -> None:
    parameters = {"properties": {"a": True, "b": {"type": "object", "properties": {"c": False}}}, "required": ["a"]}
    (parsed,) = parse_tools([tool(parameters=parameters)])
    nested = {"type": "object", "properties": {"c": {"not": {}}}}
    assert parsed == tool(parameters={"properties": {"a": {}, "b": nested}, "required": ["a"]})


@pytest.mark.parametrize(("depth", "is_refused"), [(90, False), (400, True), (5000, True)])
def test_a_schema_is_not_followed_down_for_ever(depth: int, is_refused: bool) -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    tools = [{"function": {"name": "f", "parameters": schema}}]
    if not is_refused:
        assert parse_tools(tools)
        return
    with pytest.raises(BadRequest, match="nested too deeply"):
        parse_tools(tools)


def test_a_tool_without_parameters_takes_none() -> None:
    (parsed,) = parse_tools([{"function": {"name": "f", "parameters": None}}])
    assert parsed == tool(parameters={"type": "object", "properties": {}})


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("f", "tools[1]"),
        ({}, "tools[1].function"),
        ({"type": "function", "function": []}, "tools[1].function"),
        (tool(""), "tools[1].function.name"),
        ({"function": {"name": 3}}, "tools[1].function.name"),
        (tool(description=1), "tools[1].function.description"),
        (tool(parameters=[]), "tools[1].function.parameters"),
        (tool(parameters={"type": 1}), "tools[1].function.parameters.type"),
        (tool(parameters={"required": "a"}), "tools[1].function.parameters.required"),
        (tool(parameters={"properties": []}), "tools[1].function.parameters.properties"),
        (tool(parameters={"properties": {"a": 1}}), "tools[1].function.parameters.properties.a"),
        (tool(parameters={"properties": {"a": {"enum": 1}}}), "tools[1].function.parameters.properties.a.enum"),
    ],
)
def test_a_malformed_tool_is_named(value: Any, named: str) -> None:
    with pytest.raises(BadRequest, match="expected") as caught:
        parse_tools([tool(), value])
    assert caught.value.field == named
    assert f'"{named}"' in str(caught.value)


@pytest.mark.parametrize(
    ("value", "choice"),
    [
        (None, ToolChoice()),
        ("auto", ToolChoice()),
        ("none", ToolChoice(mode="none")),
        ("required", ToolChoice(mode="required")),
        ({"type": "function", "function": {"name": "f"}}, ToolChoice(mode="required", name="f")),
    ],
)
def test_a_choice_has_openais_forms(value: Any, choice: ToolChoice) -> None:
    assert parse_tool_choice(value, parse_tools([tool()])) == choice


@pytest.mark.parametrize("value", ["any", 1, {"type": "function"}, {"type": "function", "function": {"name": "g"}}])
def test_a_choice_that_is_none_or_of_no_tool_is_refused(value: Any) -> None:
    with pytest.raises(BadRequest, match="tool_choice"):
        parse_tool_choice(value, parse_tools([tool()]))


def test_nothing_can_be_required_of_no_tools() -> None:
    with pytest.raises(BadRequest, match="without tools"):
        parse_tool_choice("required", ())
    assert parse_tool_choice("none", ()).mode == "none"


@pytest.mark.parametrize("arguments", [{"b": 1, "a": 2}, '{"b": 1, "a": 2}'])
def test_earlier_calls_have_their_arguments_as_an_object(arguments: Any) -> None:
    (call,) = parse_tool_calls([{"id": "1", "function": {"name": "f", "arguments": arguments}}], "m")
    assert list(call["function"]["arguments"].items()) == [("b", 1), ("a", 2)]


@pytest.mark.parametrize(
    "call",
    [
        1,
        {},
        {"function": {}},
        *({"function": {"name": "f", "arguments": text}} for text in ("[1]", "{", '"\\ud800"', "NaN")),
    ],
)
def test_calls_that_are_none_are_refused_with_their_place(call: Any) -> None:
    with pytest.raises(BadRequest, match=r"messages\[2\].tool_calls\[0\]"):
        parse_tool_calls([call], "messages[2].tool_calls")


@pytest.mark.parametrize("mode", ["auto", "required"])
def test_a_choice_may_allow_some_of_the_tools(mode: str) -> None:
    tools = parse_tools([{"function": {"name": name}} for name in "fgh"])
    listed = {
        "mode": mode,
        "tools": [{"type": "function", "function": {"name": "f"}}, {"type": "function", "name": "h"}],
    }
    for value in ({"type": "allowed_tools", "allowed_tools": listed}, {"type": "allowed_tools", **listed}):
        choice = parse_tool_choice(value, tools)
        assert (choice.mode, choice.allowed) == (mode, ("f", "h"))


@pytest.mark.parametrize(
    "allowed",
    [
        {},
        {"mode": "none", "tools": [{"function": {"name": "f"}}]},
        {"mode": "auto", "tools": []},
        {"mode": "auto", "tools": ["f"]},
        {"mode": "auto", "tools": [{"function": {"name": "g"}}]},
    ],
)
def test_a_list_of_allowed_tools_that_is_none_is_refused(allowed: dict[str, object]) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_tool_choice(
            {"type": "allowed_tools", "allowed_tools": allowed}, parse_tools([{"function": {"name": "f"}}])
        )
    assert str(caught.value.field).startswith("tool_choice")
