"""Anthropic's messages as the engine's: results of tools are turns of their own, neighbours of one role are one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from api_anthropic.messages.body import Body
from api_anthropic.messages.parts import Part, block_parts, block_text, content_parts, joined, unsupported
from api_anthropic.messages.signature import thoughts
from inference.request import Message
from power_site.http import BadRequest

# A coding agent's word to Anthropic's accounts, which differs between requests that have all else in common.
_BILLING = "x-anthropic-billing-header:"
_JOINTS = {"user": "\n", "system": "\n", "assistant": ""}


async def engine_turns(body: Body) -> list[Message]:
    """The system prompt first. Raises BadRequest naming the block."""
    names: dict[str, str] = {}
    turns = _system(body.system, "system")
    for index, message in enumerate(body.messages):
        path = f"messages[{index}].content"
        if not message.content and (message.role != "assistant" or index + 1 < len(body.messages)):
            raise BadRequest(f"{path}: all messages must have non-empty content", field=path)
        if message.role == "system":
            said = _system(message.content, path)
            turns += map(_reminder, said) if any(turn.role != "system" for turn in turns) else said
        elif message.role == "assistant":
            turns.append(_assistant(message.content, path, names))
        else:
            turns += await _user(message.content, path, names)
    return list(_merged(turns))


def _system(content: str | list[dict[str, Any]], path: str) -> list[Message]:
    if isinstance(content, str):
        return [Message(role="system", content=content)] if content else []
    for index, block in enumerate(content):
        if block.get("type") != "text":
            raise unsupported(block, f"{path}[{index}]")
    texts = [block_text(block, f"{path}[{index}]") for index, block in enumerate(content)]
    told = [text for text in texts if not text.startswith(_BILLING)]
    return [Message(role="system", content="\n".join(told))] if told else []


def _reminder(turn: Message) -> Message:
    """Few templates know a system turn in the midst: some refuse it, others leave it out. Coding agents have put the
    same into a user's turn, between these tags, for as long as there was no such turn."""
    return Message(role="user", content=f"<system-reminder>\n{turn.content}\n</system-reminder>")


async def _user(content: str | list[dict[str, Any]], path: str, names: dict[str, str]) -> list[Message]:
    """``names`` are those of the tools that were called, by the calls' ids."""
    if isinstance(content, str):
        return [Message(role="user", content=content)]
    turns: list[Message] = []
    parts: list[Part] = []
    for index, block in enumerate(content):
        if block.get("type") == "tool_result":
            turns += _said(parts)
            turns.append(await _result(block, f"{path}[{index}]", names))
            parts = []
        else:
            parts += await block_parts(block, f"{path}[{index}]")
    return turns + _said(parts)


def _said(parts: list[Part]) -> list[Message]:
    if not parts:
        return []
    text, images = joined(parts)
    return [Message(role="user", content=text, images=images)]


async def _result(block: dict[str, Any], path: str, names: dict[str, str]) -> Message:
    called = block.get("tool_use_id")
    if not isinstance(called, str) or called not in names:
        message = f"{path}.tool_use_id: each tool_result must have a tool_use of the same id in front of it"
        raise BadRequest(message, field=f"{path}.tool_use_id")
    content = block.get("content")
    text, images = joined([] if content is None else await content_parts(content, f"{path}.content"))
    if block.get("is_error") and not text.lower().startswith("error"):
        # No template has a place for it; the word is what models know.
        text = f"Error: {text}" if text else "Error"
    return Message(role="tool", content=text, images=images, tool_call_id=called, tool_name=names[called])


def _assistant(content: str | list[dict[str, Any]], path: str, names: dict[str, str]) -> Message:
    if isinstance(content, str):
        return Message(role="assistant", content=content)
    text, thinking, calls = "", "", []
    for index, block in enumerate(content):
        match block:
            case {"type": "text"}:
                text += block_text(block, f"{path}[{index}]")
            case {"type": "thinking", "thinking": str(shown)}:
                signature = block.get("signature")
                thinking += thoughts(shown, signature if isinstance(signature, str) else "")
            case {"type": "redacted_thinking"}:
                pass  # only the server that wrote it can read it, and none of ours does
            case {"type": "tool_use"}:
                calls.append(_call(block, f"{path}[{index}]"))
            case _:
                raise unsupported(block, f"{path}[{index}]")
    names.update((call["id"], call["function"]["name"]) for call in calls)
    return Message(role="assistant", content=text, thinking=thinking, tool_calls=tuple(calls))


def _call(block: dict[str, Any], path: str) -> dict[str, Any]:
    match block:
        case {"id": str(name_of_call), "name": str(name), "input": dict(arguments)} if name_of_call and name:
            function = {"name": name, "arguments": arguments}
            return {"id": name_of_call, "type": "function", "function": function}
    raise BadRequest(f"{path}: a tool_use block needs an id, a name and an input object", field=path)


def _merged(turns: Iterable[Message]) -> Iterator[Message]:
    """Many templates refuse two turns of one role; Anthropic's API makes them one."""
    last: Message | None = None
    for turn in turns:
        if last is not None and last.role == turn.role and turn.role in _JOINTS:
            last = _one(last, turn)
            continue
        if last is not None:
            yield last
        last = turn
    if last is not None:
        yield last


def _one(first: Message, second: Message) -> Message:
    joint = _JOINTS[first.role] if first.content and second.content else ""
    return replace(
        first,
        content=first.content + joint + second.content,
        thinking=first.thinking + second.thinking,
        images=first.images + second.images,
        tool_calls=first.tool_calls + second.tool_calls,
    )
