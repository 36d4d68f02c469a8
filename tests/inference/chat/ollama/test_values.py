"""Every expected text is what Ollama's template package makes of the same tools and messages."""

from __future__ import annotations

from typing import Any

import pytest

from inference.chat.ollama.template import OllamaTemplate
from inference.request import Message

WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "description": "Get <the> weather",
        "name": "get_weather",
        "strict": True,
        "parameters": {
            "type": "object",
            "required": ["location"],
            "properties": {
                "location": {"description": "The city", "type": "string", "examples": ["x"]},
                "format": {"type": ["string", "null"], "enum": ["celsius", 1]},
                "any": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                "nested": {"type": "object", "properties": {"z": {"type": "integer"}, "a": {}}},
            },
        },
    },
}
WEATHER_JSON = (
    '{"type":"function","function":{"name":"get_weather","description":"Get \\u003cthe\\u003e weather","parameters":'
    '{"type":"object","required":["location"],"properties":{"any":{"anyOf":[{"type":"string"},{"type":"integer"}]},'
    '"format":{"type":["string","null"],"enum":["celsius",1]},"location":{"type":"string","description":"The city"},'
    '"nested":{"type":"object","properties":{"z":{"type":"integer"},"a":{}}}}}}}'
)
CALLING = Message(
    role="assistant",
    tool_calls=(
        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": {"z": 1, "a": ["<", 2.5, None]}}},
        {"function": {"index": 1, "name": "g", "arguments": '{"k": {"y": 1, "x": 2}}'}},
        {"function": {"name": "h"}},
    ),
)


def shown(source: str, *, tools: list[dict[str, Any]] | None = None) -> str:
    """What the template writes; that it mentions the messages makes it a template of conversations."""
    return OllamaTemplate("{{ if .Messages }}{{ end }}" + source).render([CALLING], tools=tools or [])


def of_calls(source: str) -> str:
    return shown("{{ range .Messages }}{{ range .ToolCalls }}" + source + "{{ end }}{{ end }}")


def of_properties(source: str) -> str:
    properties = "(index .Tools 0).Function.Parameters.Properties"
    return shown("{{ range $name, $p := " + properties + " }}" + source + "{{ end }}", tools=[WEATHER])


@pytest.mark.parametrize("source", ["{{ .Tools }}", "{{ json .Tools }}"])
def test_tools_print_as_json_in_the_order_of_their_fields(source: str) -> None:
    assert shown(source, tools=[WEATHER]) == f"[{WEATHER_JSON}]"


def test_a_tool_prints_as_json_and_its_parts_as_structs() -> None:
    assert shown("{{ range .Tools }}{{ . }}{{ end }}", tools=[WEATHER]) == WEATHER_JSON
    bare = {"type": "function", "function": {"name": "f"}}
    assert shown("{{ range .Tools }}{{ .Function }}{{ end }}", tools=[bare]) == "{f  { <nil> <nil> [] {}}}"


def test_no_tools_are_null_and_false() -> None:
    assert shown("{{ .Tools }}{{ if .Tools }}x{{ end }}{{ len .Tools }}") == "null0"


def test_properties_are_in_the_order_of_their_names() -> None:
    assert of_properties("{{ $name }}:{{ $p.Type }};") == "any:;format:[string null];location:string;nested:object;"


def test_types_become_typescripts() -> None:
    expected = "string | number;string | null;string;Record<string, any>;"
    assert of_properties("{{ toTypeScriptType $p }};") == expected
    assert of_properties("{{ $p.ToTypeScriptType }};") == expected
    assert shown("{{ toTypeScriptType 3 }}") == "any"


def test_the_fields_of_a_property_are_there() -> None:
    assert of_properties("{{ $p.Description }}{{ $p.Enum }}{{ $p.Required }}{{ len $p.AnyOf }};") == (
        "[][]2;[celsius 1][]0;The city[][]0;[][]0;"
    )


def test_calls_have_their_fields_and_arguments_print_as_json() -> None:
    assert of_calls("{{ .ID }}|{{ .Function.Index }}|{{ .Function.Name }}|{{ .Function.Arguments }}\n") == (
        'c1|0|f|{"a":["\\u003c",2.5,null],"z":1}\n|1|g|{"k":{"x":2,"y":1}}\n|0|h|{}\n'
    )


def test_arguments_can_be_walked_over() -> None:
    assert of_calls("{{ range $k, $v := .Function.Arguments }}{{ $k }}={{ $v }};{{ end }}") == (
        "a=[< 2.5 <nil>];z=1;k=map[x:2 y:1];"
    )


def test_a_call_and_a_message_in_json_have_gos_names() -> None:
    assert of_calls("{{ if eq .Function.Name `h` }}{{ json . }}{{ end }}") == (
        '{"ID":"","Function":{"Index":0,"Name":"h","Arguments":null}}'
    )
    text = OllamaTemplate("{{ range .Messages }}{{ json . }}{{ end }}").render([Message(role="user", content="hi")])
    assert text == (
        '{"Role":"user","Content":"hi","Thinking":"","Images":null,"ToolCalls":null,"ToolName":"","ToolCallID":""}'
    )
