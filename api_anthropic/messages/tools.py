"""Anthropic's tools and ``tool_choice`` as the engine's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from models_app.serving.tools import AUTO, Tool, ToolChoice, parse_tools
from power_site.http import BadRequest


def engine_tools(values: Sequence[Any]) -> tuple[Tool, ...]:
    """Raises BadRequest that names the tool and what is wrong with it."""
    functions = [_function(value, f"tools[{index}]") for index, value in enumerate(values)]
    try:
        tools = parse_tools([{"type": "function", "function": function} for function in functions])
    except BadRequest as error:
        raise _in_their_words(error) from None
    names = [tool["function"]["name"] for tool in tools]
    if len(set(names)) < len(names):
        raise BadRequest("tools: names must be unique", field="tools")
    return tools


def engine_tool_choice(value: Mapping[str, Any] | None, tools: Sequence[Tool]) -> tuple[ToolChoice, bool]:
    """The choice, and whether an answer may hold more calls than one. Raises BadRequest."""
    match value:
        case None | {"type": "auto"}:
            choice = AUTO
        case {"type": "none"}:
            choice = ToolChoice(mode="none")
        case {"type": "any"}:
            choice = ToolChoice(mode="required")
        case {"type": "tool", "name": str(name)}:
            choice = ToolChoice(mode="required", name=name)
        case _:
            expected = 'type "auto", "any", "none", or "tool" with a name'
            raise BadRequest(f"tool_choice: expected an object of {expected}", field="tool_choice")
    if choice.mode == "required" and not tools:
        raise BadRequest("tool_choice may only be specified while providing tools", field="tool_choice")
    if choice.name and not any(tool["function"]["name"] == choice.name for tool in tools):
        raise BadRequest(f'tool_choice: tool "{choice.name[:64]}" not found in provided tools', field="tool_choice")
    return choice, not (value or {}).get("disable_parallel_tool_use", False)


def _function(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadRequest(f"{path} must be an object", field=path)
    _refuse(value, path)
    return {
        "name": value.get("name"),
        "description": _described(value, path),
        "parameters": value.get("input_schema"),
    }


def _refuse(tool: Mapping[str, Any], path: str) -> None:
    """``strict`` holds for every tool here, and ``eager_input_streaming`` and ``cache_control`` change no call."""
    kind = tool.get("type")
    if kind not in (None, "custom"):
        message = f'{path}.type: "{str(kind)[:64]}" is not supported by this server, only "custom"'
        raise BadRequest(message, field=f"{path}.type")
    if tool.get("defer_loading"):
        raise BadRequest(f"{path}.defer_loading is not supported by this server", field=f"{path}.defer_loading")
    callers = tool.get("allowed_callers")
    if callers is not None and callers != ["direct"]:
        message = f'{path}.allowed_callers: this server knows "direct" only'
        raise BadRequest(message, field=f"{path}.allowed_callers")


def _described(tool: Mapping[str, Any], path: str) -> Any:
    """Templates have a place for a description and none for examples, which are put at its end."""
    description, examples = tool.get("description"), tool.get("input_examples")
    if not examples or not isinstance(description, str | None):
        return description
    try:
        lines = [f"Example input: {orjson.dumps(example).decode()}" for example in examples]
    except (TypeError, orjson.JSONEncodeError):  # no list, or nested deeper than it writes
        raise BadRequest(f"{path}.input_examples must be a list of inputs", field=f"{path}.input_examples") from None
    return "\n".join([*([description] if description else []), *lines])


def _in_their_words(error: BadRequest) -> BadRequest:
    def renamed(text: str) -> str:
        return text.replace(".function.parameters", ".input_schema").replace(".function", "")

    return BadRequest(renamed(str(error)), field=error.field and renamed(error.field))
