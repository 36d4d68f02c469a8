"""Tools in the flat form of this endpoint: functions, custom ones whose input is a text, and namespaces of both.

To the model each is a function. A custom tool's function takes one text; a namespace's member has its name before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models_app.serving.tools import Tool, ToolChoice, parse_tool_choice, parse_tools
from power_site.http import BadRequest

SEPARATOR = "."


def engine_tools(tools: Sequence[Mapping[str, Any]]) -> tuple[Tool, ...]:
    """In the nested form of the templates. Raises BadRequest naming the tool."""
    nested: list[Tool] = []
    for index, tool in enumerate(tools):
        nested.extend(_nested(tool, f"tools[{index}]", namespace=""))
    names = [tool["function"].get("name") for tool in nested]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise BadRequest(f'two tools have the name "{str(name)[:64]}"', field="tools")
    return parse_tools(nested)


def custom_names(tools: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Names, as the model has them, of the tools that are called with a text."""
    return frozenset(qualified_name(tool, namespace) for namespace, tool in _flat(tools) if tool["type"] == "custom")


def namespaces(tools: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Namespace by the model's name of a tool in it."""
    return {qualified_name(tool, namespace): namespace for namespace, tool in _flat(tools) if namespace}


def qualified_name(tool: Mapping[str, Any], namespace: str = "") -> str:
    """The model's name of a tool, or of the one that an item calls."""
    namespace = namespace or tool.get("namespace") or ""
    return f"{namespace}{SEPARATOR}{tool['name']}" if namespace else str(tool["name"])


def tool_choice(value: str | dict[str, Any], tools: Sequence[Tool]) -> ToolChoice:
    """Raises BadRequest."""
    if isinstance(value, dict) and value.get("type") == "custom":
        value = {**value, "type": "function"}
    return parse_tool_choice(value, tools)


def _flat(tools: Sequence[Mapping[str, Any]], namespace: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for tool in tools:
        if tool["type"] == "namespace":
            yield from _flat(tool["tools"], str(tool["name"]))
        else:
            yield namespace, tool


def _nested(tool: Any, field: str, *, namespace: str) -> Iterator[Tool]:
    if not isinstance(tool, dict):
        raise BadRequest(f"{field} must be an object", field=field)
    kind = tool.get("type")
    if kind == "namespace" and not namespace:
        yield from _members(tool, field)
        return
    if kind not in ("function", "custom"):
        text = f'{field}: tools of type "{str(kind)[:64]}" are not supported by this server'
        raise BadRequest(text, field=f"{field}.type")
    if not isinstance(tool.get("name"), str) or not tool["name"].strip():
        raise BadRequest(f"{field}.name is required", field=f"{field}.name")
    if tool.get("defer_loading"):
        raise BadRequest(f"{field}.defer_loading is not supported by this server", field=f"{field}.defer_loading")
    function = _custom(tool, field) if kind == "custom" else _function(tool)
    yield {"type": "function", "function": {**function, "name": qualified_name(tool, namespace)}}


def _members(tool: Mapping[str, Any], field: str) -> Iterator[Tool]:
    name, members = tool.get("name"), tool.get("tools")
    if not isinstance(name, str) or not name or not isinstance(members, list):
        raise BadRequest(f"{field} must have a name and tools", field=field)
    for index, member in enumerate(members):
        yield from _nested(member, f"{field}.tools[{index}]", namespace=name)


def _function(tool: Mapping[str, Any]) -> dict[str, Any]:
    names = ("name", "description", "parameters", "strict")
    return {name: tool[name] for name in names if tool.get(name) is not None}


def _custom(tool: Mapping[str, Any], field: str) -> dict[str, Any]:
    text: dict[str, Any] = {"type": "string", **_pattern(tool.get("format") or {}, f"{field}.format")}
    parameters = {"type": "object", "properties": {"input": text}, "required": ["input"], "additionalProperties": False}
    return {"description": tool.get("description") or "", "parameters": parameters}


def _pattern(form: Mapping[str, Any], field: str) -> dict[str, Any]:
    """A text by a regular expression is a schema's; one by a grammar can't stand in the middle of a call."""
    match form:
        case {} if form.get("type", "text") == "text":
            return {}
        case {"type": "grammar", "syntax": "regex", "definition": str(pattern)}:
            return {"pattern": f"^(?:{_unanchored(pattern)})$"}
    raise BadRequest(f"{field}: a custom tool takes text, or a grammar with the syntax regex", field=field)


def _unanchored(pattern: str) -> str:
    return re.sub(r"^\^|(?<!\\)\$$", "", pattern)
