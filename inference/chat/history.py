"""What was said before, put in order for the templates: calls and results find each other, old thoughts go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from inference.request import Message

_CLOSED = re.compile(r"\s*<think>.*?(?:</think>\s*|\Z)", re.DOTALL)


def linked(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Every tool call has an id and every result its call's id and name, as far as the history tells.

    Some clients send one, some the other (wire.md 2.6); templates may ask for either. A result that names neither
    belongs to the first call that has none yet.
    """
    if not any(message.tool_calls or message.role == "tool" for message in messages):
        return tuple(messages)
    return tuple(_linked(messages))


def _linked(messages: Sequence[Message]) -> Iterator[Message]:
    unanswered: list[tuple[str, str]] = []
    names: dict[str, str] = {}
    n_calls = 0
    for message in messages:
        if message.tool_calls:
            calls = []
            for call in message.tool_calls:
                calls.append({"type": "function", **call, "id": str(call.get("id") or f"call_{n_calls:08d}")})
                n_calls += 1
            unanswered = [(call["id"], call["function"]["name"]) for call in calls]
            names |= dict(unanswered)
            yield msgspec.structs.replace(message, tool_calls=tuple(calls))
        elif message.role == "tool":
            call_id, name = _call_of(message, unanswered)
            unanswered = [call for call in unanswered if call[0] != call_id]
            yield msgspec.structs.replace(message, tool_call_id=call_id, tool_name=name or names.get(call_id, ""))
        else:
            yield message


def _call_of(message: Message, unanswered: list[tuple[str, str]]) -> tuple[str, str]:
    if message.tool_call_id:
        return message.tool_call_id, message.tool_name
    for call_id, name in unanswered:
        if message.tool_name in ("", name):
            return call_id, name
    return "", message.tool_name


def without_old_thinking(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Assistant turns before the last user turn lose the thinking they begin with (Ollama's filterThinkTags)."""
    last_user = max((index for index, message in enumerate(messages) if message.role == "user"), default=-1)
    return tuple(
        msgspec.structs.replace(message, content=_CLOSED.sub("", message.content, count=1))
        if index < last_user and message.role == "assistant" and _CLOSED.match(message.content)
        else message
        for index, message in enumerate(messages)
    )
