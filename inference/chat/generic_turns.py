"""A talk about tools for a template that knows none: calls as the text they were, results as words of the user's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from inference.chat.parsing import generic_instructions
from inference.request import Message


def generic_turns(messages: Sequence[Message], tools: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """The tools are described in the system message, which is made where there is none."""
    turns = [_as_text(message) for message in messages]
    if not tools:
        return tuple(turns)
    instructions = generic_instructions(tools)
    if turns and turns[0].role == "system":
        content = f"{turns[0].content}\n\n{instructions}" if turns[0].content else instructions
        return (msgspec.structs.replace(turns[0], content=content), *turns[1:])
    return (Message(role="system", content=instructions), *turns)


def _as_text(message: Message) -> Message:
    if message.role == "tool":
        name = f" of {message.tool_name}" if message.tool_name else ""
        return Message(role="user", content=f"Result{name}: {message.content}", images=message.images)
    if message.tool_calls:
        calls = [_call_text(call) for call in message.tool_calls]
        content = "\n".join(([message.content] if message.content else []) + calls)
        return msgspec.structs.replace(message, content=content, tool_calls=())
    return message


def _call_text(call: Mapping[str, Any]) -> str:
    function = call["function"]
    return json.dumps({"name": function["name"], "arguments": function.get("arguments", {})}, ensure_ascii=False)
