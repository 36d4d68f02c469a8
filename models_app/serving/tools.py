"""Tools as a request offers them, and which of them it wants called. The same on both wires (wire.md 2.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from power_site.http import BadRequest

Tool = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolChoice:
    """``required``: the answer is calls, or one of ``name`` if there is one. ``allowed`` are the names of the tools
    that may be called; empty for all. Ollama knows ``auto`` only."""

    mode: Literal["auto", "none", "required"] = "auto"
    name: str = ""
    allowed: tuple[str, ...] = ()


AUTO = ToolChoice()
# Of properties within properties: what looks into a schema calls itself for each level.
MAX_DEPTH = 100


def parse_tools(values: Sequence[Any]) -> tuple[Tool, ...]:
    """Raises BadRequest that names the tool and what is wrong with it."""
    return tuple(_tool(value, f"tools[{index}]") for index, value in enumerate(values))


def parse_tool_choice(value: Any, tools: Sequence[Tool]) -> ToolChoice:
    """OpenAI's forms: none, auto, required, or an object that names a function or those that are allowed.

    An object's inner part may also stand in it itself, as on ``/v1/responses``. Raises BadRequest.
    """
    match value:
        case None | "" | "auto":
            return AUTO
        case "none":
            return ToolChoice(mode="none")
        case "required":
            choice = ToolChoice(mode="required")
        case {"type": "function", "function": {"name": str(name)}} | {"type": "function", "name": str(name)}:
            choice = ToolChoice(mode="required", name=name)
        case {"type": "allowed_tools", "allowed_tools": {} as allowed}:
            choice = _allowed(allowed)
        case {"type": "allowed_tools"}:
            choice = _allowed(value)
        case _:
            raise BadRequest(
                'invalid tool_choice: it must be "none", "auto", "required", {"type": "function", "function": '
                '{"name": …}} or {"type": "allowed_tools", "allowed_tools": {"mode": …, "tools": […]}}',
                field="tool_choice",
            )
    if not tools:
        raise BadRequest("tool_choice is of no use without tools", field="tool_choice")
    offered = {tool["function"]["name"] for tool in tools}
    for name in filter(None, (choice.name, *choice.allowed)):
        if name not in offered:
            raise BadRequest(f'tool_choice names "{name[:64]}", which is not among the tools', field="tool_choice")
    return choice


def _allowed(value: Mapping[str, Any]) -> ToolChoice:
    mode, tools = value.get("mode"), value.get("tools")
    if mode not in ("auto", "required"):
        raise _invalid("tool_choice.allowed_tools.mode", '"auto" or "required"')
    if not isinstance(tools, list) or not tools:
        raise _invalid("tool_choice.allowed_tools.tools", "a list of tools")
    names = [_named(tool, f"tool_choice.allowed_tools.tools[{index}]") for index, tool in enumerate(tools)]
    return ToolChoice(mode="required" if mode == "required" else "auto", allowed=tuple(names))


def _named(value: Any, path: str) -> str:
    match value:
        case {"function": {"name": str(name)}} | {"name": str(name)}:
            return name
    raise _invalid(path, "an object that names a function")


def parse_tool_calls(values: Sequence[Any], path: str) -> tuple[Tool, ...]:
    """Calls of earlier turns, with arguments as an object; JSON as text, as OpenAI's clients have it, is read."""
    return tuple(_call(value, f"{path}[{index}]") for index, value in enumerate(values))


def _tool(value: Any, path: str) -> Tool:
    tool = _object(value, path)
    function = _object(tool.get("function"), f"{path}.function")
    _name(function, f"{path}.function")
    if not isinstance(function.get("description"), str | None):
        raise _invalid(f"{path}.function.description", "a string")
    parameters = function.get("parameters")
    if parameters is None:
        function = {**function, "parameters": {"type": "object", "properties": {}}}
        return {"type": "function", **tool, "function": function}
    for problem in _problems(_object(parameters, f"{path}.function.parameters"), f"{path}.function.parameters"):
        raise problem
    return {"type": "function", **tool, "function": {**function, "parameters": _written_out(parameters)}}


def _problems(schema: Mapping[str, Any], path: str, *, depth: int = 0) -> Iterator[BadRequest]:
    """What of a schema neither a template nor a grammar could make sense of."""
    if depth > MAX_DEPTH:
        yield BadRequest(f"{path[:100]}… is nested too deeply", field=path[:200])
        return
    kind = schema.get("type")
    if not (kind is None or isinstance(kind, str) or _is_strings(kind)):
        yield _invalid(f"{path}.type", "a string or a list of strings")
    if not (schema.get("required") is None or _is_strings(schema["required"])):
        yield _invalid(f"{path}.required", "a list of strings")
    for key in ("enum", "anyOf"):
        if not isinstance(schema.get(key), list | None):
            yield _invalid(f"{path}.{key}", "a list")
    properties = schema.get("properties")
    if not isinstance(properties, dict | None):
        yield _invalid(f"{path}.properties", "an object")
        return
    for name, each in (properties or {}).items():
        if isinstance(each, dict):
            yield from _problems(each, f"{path}.properties.{name}", depth=depth + 1)
        elif not isinstance(each, bool):
            yield _invalid(f"{path}.properties.{name}", "an object")


def _written_out(schema: Mapping[str, Any]) -> dict[str, Any]:
    """With ``true`` and ``false`` for a property as what they stand for: templates look into each."""
    if not schema.get("properties"):
        return dict(schema)
    return {**schema, "properties": {name: _as_object(each) for name, each in schema["properties"].items()}}


def _as_object(schema: dict[str, Any] | bool) -> dict[str, Any]:
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    return _written_out(schema)


def _call(value: Any, path: str) -> Tool:
    call = _object(value, path)
    function = _object(call.get("function"), f"{path}.function")
    _name(function, f"{path}.function")
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        arguments = _read(arguments)
    if not isinstance(arguments, dict | None):
        raise _invalid(f"{path}.function.arguments", "an object")
    return {**call, "function": {**function, "arguments": arguments or {}}}


def _read(text: str) -> Any:
    try:
        return orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return text


def _name(function: Mapping[str, Any], path: str) -> None:
    name = function.get("name")
    if not isinstance(name, str) or not name.strip():
        raise _invalid(f"{path}.name", "a name")


def _object(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _invalid(path, "an object")
    return value


def _is_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _invalid(path: str, expected: str) -> BadRequest:
    return BadRequest(f'invalid value for "{path[:200]}": expected {expected}', field=path[:200])
