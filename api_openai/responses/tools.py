"""Tools in the flat form of this endpoint: functions, custom ones whose input is a text, and namespaces of both.

To the model each is a function. A custom tool's function takes one text; a namespace's member has its name before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from api_openai.custom_tools import custom_function
from models_app.serving.tools import Tool, ToolChoice, parse_tool_choice, parse_tools
from power_site.http import BadRequest

SEPARATOR = "."
WEB_SEARCH = "web_search"
# Tools that are called by a program, answered later or found by a search: OpenAI's own machinery.
_REFUSED: dict[str, Any] = {"allowed_callers": ["direct"], "async": False, "defer_loading": False}


def untaken_offers(tools: Sequence[Any]) -> dict[int, str]:
    """By their index, the searches of the web that are offered beside other tools: an offer may be declined, and here
    always is. Where nothing else is offered, a search is what the request is for."""
    offers = {
        index: str(tool["type"])
        for index, tool in enumerate(tools)
        if isinstance(tool, dict) and str(tool.get("type")).startswith(WEB_SEARCH)
    }
    return offers if len(offers) < len(tools) else {}


def engine_tools(tools: Sequence[Mapping[str, Any]]) -> tuple[Tool, ...]:
    """In the nested form of the templates, but for ``untaken_offers``. Raises BadRequest naming the tool."""
    nested: dict[str, Tool] = {}
    untaken = untaken_offers(tools)
    for index, value in enumerate(tools):
        if index in untaken:
            continue
        for field, tool in _nested(value, f"tools[{index}]", namespace=""):
            name = tool["function"]["name"]
            if name in nested:
                raise BadRequest(f'two tools have the name "{name[:64]}"', field=field)
            nested[name] = _checked(tool, field)
    return tuple(nested.values())


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


def _checked(tool: Tool, field: str) -> Tool:
    """Errors name the tool where the client wrote it, without the nesting."""
    try:
        return parse_tools([tool])[0]
    except BadRequest as error:
        nested = "tools[0].function"
        text, where = str(error).replace(nested, field), (error.field or "").replace(nested, field)
        raise BadRequest(text, field=where) from None


def _nested(tool: Any, field: str, *, namespace: str) -> Iterator[tuple[str, Tool]]:
    """Each tool with its place in the request."""
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
    for name, harmless in _REFUSED.items():
        if tool.get(name) not in (None, harmless):
            raise BadRequest(f"{field}.{name} is not supported by this server", field=f"{field}.{name}")
    function = custom_function(tool, field) if kind == "custom" else _function(tool)
    yield field, {"type": "function", "function": {**function, "name": qualified_name(tool, namespace)}}


def _members(tool: Mapping[str, Any], field: str) -> Iterator[tuple[str, Tool]]:
    name, members = tool.get("name"), tool.get("tools")
    if not isinstance(name, str) or not name or not isinstance(members, list):
        raise BadRequest(f"{field} must have a name and tools", field=field)
    for index, member in enumerate(members):
        yield from _nested(member, f"{field}.tools[{index}]", namespace=name)


def _function(tool: Mapping[str, Any]) -> dict[str, Any]:
    names = ("name", "description", "parameters", "strict")
    return {name: tool[name] for name in names if tool.get(name) is not None}
