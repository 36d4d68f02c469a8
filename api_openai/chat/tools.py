"""Tools that a chat offers: functions, custom ones, and functions by their old name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api_openai.chat.body import ChatBody
from api_openai.custom_tools import custom_function
from models_app.serving.tools import Tool, ToolChoice, parse_tool_choice, parse_tools
from power_site.http import BadRequest


def offered_tools(body: ChatBody) -> tuple[tuple[Tool, ...], ToolChoice]:
    """With which of them is wanted. Raises BadRequest that names the tool as the client wrote it."""
    return _legacy_tools(body) if body.is_legacy else _tools(body)


def custom_names(body: ChatBody) -> frozenset[str]:
    """Of the tools that are called with a text; ``offered_tools`` has looked at them."""
    return frozenset(tool["custom"]["name"] for tool in body.tools if _is_custom(tool))


def _tools(body: ChatBody) -> tuple[tuple[Tool, ...], ToolChoice]:
    if body.function_call not in ("", "none", "auto"):
        raise BadRequest("function_call is of no use without functions", field="function_call")
    tools = parse_tools([_function(tool, f"tools[{index}]") for index, tool in enumerate(body.tools)])
    return tools, parse_tool_choice(_choice(body.tool_choice), tools)


def _function(tool: Any, field: str) -> Any:
    """A tool as a function; what is no object is left to ``parse_tools``."""
    kind = tool.get("type", "function") if isinstance(tool, dict) else "function"
    if kind == "function":
        return tool
    if kind != "custom":
        raise BadRequest(f'{field}: tools of type "{str(kind)[:64]}" are not supported', field=f"{field}.type")
    custom = tool.get("custom")
    if not isinstance(custom, dict) or not isinstance(custom.get("name"), str):
        raise BadRequest(f"{field}.custom must have a name", field=f"{field}.custom")
    return {"type": "function", "function": {**custom_function(custom, f"{field}.custom"), "name": custom["name"]}}


def _is_custom(tool: Any) -> bool:
    return isinstance(tool, dict) and tool.get("type") == "custom"


def _choice(value: Any) -> Any:
    """A choice that names custom tools, as one that names functions."""
    match value:
        case {"type": "custom", "custom": {"name": str(name)}}:
            return {"type": "function", "function": {"name": name}}
        case {"type": "allowed_tools", "allowed_tools": {"tools": list(tools)} as allowed}:
            return {"type": "allowed_tools", "allowed_tools": {**allowed, "tools": [_named(tool) for tool in tools]}}
    return value


def _named(tool: Any) -> Any:
    return tool["custom"] if _is_custom(tool) and isinstance(tool.get("custom"), Mapping) else tool


def _legacy_tools(body: ChatBody) -> tuple[tuple[Tool, ...], ToolChoice]:
    if body.tools:
        raise BadRequest("functions and tools exclude each other", field="functions")
    try:
        tools = parse_tools([{"type": "function", "function": each} for each in body.functions])
    except BadRequest as error:
        raise _renamed(error) from None
    name = body.function_call.get("name") if isinstance(body.function_call, dict) else None
    wanted = {"type": "function", "function": {"name": name}} if name is not None else body.function_call
    try:
        return tools, parse_tool_choice(wanted, tools)
    except BadRequest:
        names = 'it must be "none", "auto" or {"name": <one of the functions>}'
        raise BadRequest(f"invalid function_call: {names}", field="function_call") from None


def _renamed(error: BadRequest) -> BadRequest:
    def old(text: str) -> str:
        return text.replace("tools[", "functions[").replace("].function", "]")

    return BadRequest(old(str(error)), field=old(error.field or ""))
