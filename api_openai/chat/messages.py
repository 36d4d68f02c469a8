"""OpenAI's messages as the engine's: roles, content in parts, tool calls with their arguments read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from api_openai.chat.body import Message
from inference import request as engine
from power_site.http import BadRequest

_ROLES = {"developer": "system", "function": "tool"}


def engine_messages(messages: Sequence[Message]) -> list[engine.Message]:
    """Raises BadRequest naming the message."""
    return [_message(message, index, messages) for index, message in enumerate(messages)]


def _message(message: Message, index: int, messages: Sequence[Message]) -> engine.Message:
    role = message.role.lower()
    return engine.Message(
        role=_ROLES.get(role, role),
        content=_text(message, f"messages[{index}].content"),
        thinking=message.reasoning or message.reasoning_content,
        tool_calls=tuple(_tool_call(call, f"messages[{index}].tool_calls") for call in message.tool_calls),
        tool_name=_tool_name(message, messages) if role in ("tool", "function") else "",
        tool_call_id=message.tool_call_id,
    )


def _text(message: Message, field: str) -> str:
    if isinstance(message.content, str):
        return message.content
    if message.content is None:
        if message.tool_calls:
            return ""
        raise BadRequest(f"{field} is required", field=field)
    # Parts are separate pieces of text to their author; run together, the last word of one would meet the next.
    return "\n".join(_part(part, f"{field}[{number}]") for number, part in enumerate(message.content))


def _part(part: dict[str, Any], field: str) -> str:
    kind = part.get("type")
    if kind not in ("text", "refusal"):
        raise BadRequest(
            f'{field}: content of type "{str(kind)[:64]}" is not supported by this server yet', field=field
        )
    text = part.get(kind)
    if not isinstance(text, str):
        raise BadRequest(f"{field}.{kind} must be a string", field=field)
    return text


def _tool_call(call: dict[str, Any], field: str) -> dict[str, Any]:
    """The templates want the arguments as an object; OpenAI sends them as JSON in a string."""
    function = call.get("function")
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise BadRequest(f"{field}: invalid tool call", field=field)
    try:
        arguments = orjson.loads(function.get("arguments") or "{}")
    except (orjson.JSONDecodeError, TypeError):
        raise BadRequest("invalid tool call arguments", field=field) from None
    return {**call, "function": {**function, "arguments": arguments}}


def _tool_name(message: Message, messages: Sequence[Message]) -> str:
    """The function a result belongs to; the last call of that id wins, as Ollama's nameFromToolCallID has it."""
    if message.name:
        return message.name
    calls = (
        call for other in reversed(messages) for call in other.tool_calls if call.get("id") == message.tool_call_id
    )
    function = next(calls, {}).get("function")
    return str(function.get("name", "")) if isinstance(function, dict) else ""
