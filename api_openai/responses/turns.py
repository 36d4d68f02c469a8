"""Items as the engine's messages: thoughts, text and calls of one turn come together, results follow their calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from api_openai.responses.arguments import read_arguments
from api_openai.responses.items import Item
from api_openai.responses.parts import read_parts
from api_openai.responses.sealed import opened
from api_openai.responses.tools import qualified_name
from inference.request import Message
from power_site.http import BadRequest

_ROLES = {"developer": "system"}


async def engine_messages(
    items: Sequence[Item], *, instructions: str | None, n_earlier: int, forget_thoughts: bool = False
) -> list[Message]:
    """``items`` begin with ``n_earlier`` of earlier turns, the rest are the request's. ``forget_thoughts`` leaves out
    those before the last words of the user's. Raises BadRequest naming the item.
    """
    writer = _Writer(last_user=_last_user(items) if forget_thoughts else -1)
    if instructions:
        writer.messages.append(Message(role="system", content=instructions))
    for index, item in enumerate(items):
        await writer.write(item, index, f"input[{index - n_earlier}]" if index >= n_earlier else "previous_response_id")
    return writer.finished()


def _last_user(items: Sequence[Item]) -> int:
    return max((index for index, item in enumerate(items) if item.get("role") == "user"), default=-1)


class _Writer:
    """Thoughts wait for the turn that they led to."""

    def __init__(self, *, last_user: int) -> None:
        self.messages: list[Message] = []
        self._last_user = last_user
        self._thoughts = ""
        self._names: dict[str, str] = {}

    async def write(self, item: Item, index: int, field: str) -> None:
        match item["type"]:
            case "reasoning":
                if index > self._last_user:
                    self._thoughts = _thoughts(item, field)
            case "message":
                await self._say(item, field)
            case "function_call":
                self._call(item, _arguments(item, field))
            case "custom_tool_call":
                self._call(item, {"input": item["input"]})
            case _:
                await self._result(item, field)

    def finished(self) -> list[Message]:
        if self._thoughts:
            self.messages.append(Message(role="assistant", thinking=self._taken()))
        return self.messages

    async def _say(self, item: Item, field: str) -> None:
        text, media = await read_parts(item["content"], field=f"{field}.content")
        role: str = item["role"]
        if role != "assistant":
            self.messages.append(Message(role=_ROLES.get(role, role), content=text, images=media))
            return
        said = self._open_turn(text_ends_it=True)
        content = f"{said.content}\n{text}" if said.content and text else said.content or text
        self.messages[-1] = msgspec.structs.replace(said, content=content, images=(*said.images, *media))

    def _call(self, item: Item, arguments: Mapping[str, Any]) -> None:
        name = qualified_name(item)
        self._names[item["call_id"]] = name
        function = {"name": name, "arguments": dict(arguments)}
        call = {"id": item["call_id"], "type": "function", "function": function}
        said = self._open_turn()
        self.messages[-1] = msgspec.structs.replace(said, tool_calls=(*said.tool_calls, call))

    def _open_turn(self, *, text_ends_it: bool = False) -> Message:
        """The assistant's turn that goes on: calls of one turn are one message, as the templates have them, and so is
        what is said beside calls. Text after text is a turn of its own."""
        last = self.messages[-1] if self.messages else None
        if last is None or last.role != "assistant" or (text_ends_it and not last.tool_calls):
            self.messages.append(Message(role="assistant", thinking=self._taken()))
        elif self._thoughts:
            thinking = "\n".join(filter(None, (last.thinking, self._taken())))
            self.messages[-1] = msgspec.structs.replace(last, thinking=thinking)
        return self.messages[-1]

    async def _result(self, item: Item, field: str) -> None:
        call_id: str = item["call_id"]
        if call_id not in self._names:
            text = f"No tool call found for {item['type'].replace('_', ' ')} with call_id {call_id[:80]}."
            raise BadRequest(text, field=f"{field}.call_id")
        output = item["output"]
        content, media = (output, ()) if isinstance(output, str) else await read_parts(output, field=f"{field}.output")
        self.messages.append(
            Message(role="tool", content=content, images=media, tool_call_id=call_id, tool_name=self._names[call_id])
        )

    def _taken(self) -> str:
        thoughts, self._thoughts = self._thoughts, ""
        return thoughts


def _thoughts(item: Item, field: str) -> str:
    """As they were written, else as they were summed up; those that only another server can read are refused."""
    text = opened(item["encrypted_content"]) if "encrypted_content" in item else ""
    if not text:
        readable = "\n".join(part["text"] for part in item.get("content") or item["summary"])
        if text is None and not readable:
            where = f"{field}.encrypted_content"
            raise BadRequest(f"{where} was not made by this server", field=where)
        text = readable
    return text


def _arguments(item: Item, field: str) -> Mapping[str, Any]:
    arguments = read_arguments(item["arguments"])
    if arguments is None:
        raise BadRequest(f"{field}.arguments must be a JSON object as text", field=f"{field}.arguments")
    return arguments
