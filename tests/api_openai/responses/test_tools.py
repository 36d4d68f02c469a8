"""Flat tools, custom ones and namespaces, as functions."""

from __future__ import annotations

from typing import Any

import pytest

from api_openai.responses.tools import custom_names, engine_tools, namespaces, tool_choice, untaken_offers
from power_site.http import BadRequest

FUNCTION: dict[str, Any] = {
    "type": "function",
    "name": "f",
    "description": "does",
    "parameters": {"type": "object", "properties": {"x": {"type": "string"}}},
    "strict": True,
}
CUSTOM: dict[str, Any] = {"type": "custom", "name": "sh"}
NAMESPACE: dict[str, Any] = {"type": "namespace", "name": "crm", "description": "", "tools": [FUNCTION, CUSTOM]}


def test_a_flat_function_is_nested() -> None:
    (tool,) = engine_tools([FUNCTION])
    assert tool == {"type": "function", "function": {key: value for key, value in FUNCTION.items() if key != "type"}}


def test_a_custom_tool_takes_one_text() -> None:
    (tool,) = engine_tools([CUSTOM])
    parameters = tool["function"]["parameters"]
    assert parameters["required"] == ["input"]
    assert parameters["properties"] == {"input": {"type": "string"}}


def test_a_custom_tools_regular_expression_holds_for_its_text() -> None:
    form = {"type": "grammar", "syntax": "regex", "definition": "^[a-c]+$"}
    (tool,) = engine_tools([{**CUSTOM, "format": form}])
    assert tool["function"]["parameters"]["properties"]["input"]["pattern"] == "^(?:[a-c]+)$"


def test_a_namespaces_members_have_its_name_before_theirs() -> None:
    names = [tool["function"]["name"] for tool in engine_tools([NAMESPACE, FUNCTION])]
    assert names == ["crm.f", "crm.sh", "f"]
    assert custom_names([NAMESPACE, FUNCTION]) == {"crm.sh"}
    assert namespaces([NAMESPACE, FUNCTION]) == {"crm.f": "crm", "crm.sh": "crm"}


@pytest.mark.parametrize(
    ("tools", "named"),
    [
        (["x"], "tools[0]"),
        ([{"type": "web_search"}], "tools[0].type"),
        ([FUNCTION, {"type": "file_search"}], "tools[1].type"),
        ([{"type": "mcp", "server_label": "x"}], "tools[0].type"),
        ([{"type": "function"}], "tools[0].name"),
        ([FUNCTION, FUNCTION], "tools[1]"),
        ([{**FUNCTION, "parameters": {"type": 5}}], "tools[0].parameters.type"),
        ([{**NAMESPACE, "tools": [{**FUNCTION, "parameters": []}]}], "tools[0].tools[0].parameters"),
        ([{**NAMESPACE, "tools": [NAMESPACE]}], "tools[0].tools[0].type"),
        ([{"type": "namespace", "name": "n"}], "tools[0]"),
        ([{**FUNCTION, "async": True}], "tools[0].async"),
        ([{**FUNCTION, "defer_loading": True}], "tools[0].defer_loading"),
        ([{**FUNCTION, "allowed_callers": ["programmatic"]}], "tools[0].allowed_callers"),
        ([{**CUSTOM, "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"}}], "tools[0].format"),
    ],
)
def test_what_is_no_tool_here_is_refused_by_name(tools: list[Any], named: str) -> None:
    with pytest.raises(BadRequest) as refused:
        engine_tools(tools)
    assert refused.value.field == named


def test_a_search_of_the_web_beside_other_tools_is_an_offer_that_is_not_taken() -> None:
    offered = [{"type": "web_search_preview"}, FUNCTION]
    assert untaken_offers(offered) == {0: "web_search_preview"}
    assert [tool["function"]["name"] for tool in engine_tools(offered)] == ["f"]
    with pytest.raises(BadRequest):
        tool_choice({"type": "web_search_preview"}, engine_tools(offered))


def test_a_choice_names_a_tool_in_the_flat_form() -> None:
    tools = engine_tools([FUNCTION, CUSTOM])
    assert tool_choice({"type": "function", "name": "f"}, tools).name == "f"
    assert tool_choice({"type": "custom", "name": "sh"}, tools).name == "sh"
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]}
    assert tool_choice(allowed, tools).allowed == ("f",)
    with pytest.raises(BadRequest, match="invalid tool_choice"):
        tool_choice({"type": "file_search"}, tools)
