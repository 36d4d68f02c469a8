"""OpenAI's messages as the engine's: roles, content in parts, tool calls with their arguments read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api_openai.chat.message import Message
from api_openai.chat.parts import Content, Remote, content_of, n_media, remote_urls
from api_openai.custom_tools import INPUT
from inference import request as engine
from models_app.entries import ServedModel
from models_app.serving.media import media_admit
from models_app.serving.remote_media import media_bytes
from models_app.serving.tools import parse_tool_calls
from power_site.http import BadRequest

NO_MEDIA: Remote = {}
_ROLES = {"developer": "system", "function": "tool"}


async def request_turns(messages: Sequence[Message], served: ServedModel) -> list[engine.Message]:
    """With the images behind URLs, which are fetched one after another. Raises BadRequest, NotSupported."""
    parts = {path: content for path, content in _contents(messages) if isinstance(content, list)}
    media_admit(served, sum(map(n_media, parts.values())))
    wanted = [found for path, content in parts.items() for found in remote_urls(content, path)]
    remote: dict[str, bytes] = {}
    for url, field in wanted:
        if url not in remote:
            remote[url] = await media_bytes(url, field=field)
    return engine_messages(messages, remote)


def engine_messages(messages: Sequence[Message], remote: Remote = NO_MEDIA) -> list[engine.Message]:
    """Raises BadRequest naming the message."""
    return [_message(message, index, messages, remote) for index, message in enumerate(messages)]


def _contents(messages: Sequence[Message]) -> list[tuple[str, Any]]:
    return [(f"messages[{index}].content", message.content) for index, message in enumerate(messages)]


def _message(message: Message, index: int, messages: Sequence[Message], remote: Remote) -> engine.Message:
    role, path = message.role.lower(), f"messages[{index}]"
    if message.audio:
        raise BadRequest(f"{path}.audio: there are no answers in sound to refer to", field=f"{path}.audio")
    calls = parse_tool_calls(_calls(message), f"{path}.tool_calls")
    content = _content(message, f"{path}.content", remote, may_lack=bool(calls) or role == "function")
    is_result = role in ("tool", "function")
    return engine.Message(
        role=_ROLES.get(role, role),
        content=content.text,
        images=content.media,
        thinking=message.reasoning or message.reasoning_content or "",
        tool_calls=calls,
        name="" if is_result else message.name or "",
        tool_name=_tool_name(message, messages) if is_result else "",
        tool_call_id=message.tool_call_id or "",
    )


def _content(message: Message, field: str, remote: Remote, *, may_lack: bool) -> Content:
    if isinstance(message.content, list):
        return content_of(message.content, field, remote)
    text = message.refusal if message.content is None else message.content
    if text is None and not may_lack:
        raise BadRequest(f"{field} is required", field=field)
    return Content(text or "")


def _calls(message: Message) -> list[dict[str, Any]]:
    """A ``function_call`` is a call without an id; the result that follows finds it by its name."""
    if message.function_call is None:
        return [_call(call) for call in message.tool_calls or ()]
    called = message.function_call
    return [{"type": "function", "function": {"name": called.name, "arguments": called.arguments}}]


def _call(call: dict[str, Any]) -> dict[str, Any]:
    """One of a custom tool as the function's that it is to the model."""
    match call:
        case {"type": "custom", "custom": {"name": str(name), "input": str(text)}}:
            function = {"name": name, "arguments": {INPUT: text}}
            return {"id": call.get("id"), "type": "function", "function": function}
    return call


def _tool_name(message: Message, messages: Sequence[Message]) -> str:
    """The function a result belongs to; the last call of that id wins, as Ollama's nameFromToolCallID has it."""
    if message.name or not message.tool_call_id:
        return message.name or ""
    calls = (call for other in reversed(messages) for call in other.tool_calls or ())
    called = next((call for call in calls if call.get("id") == message.tool_call_id), {})
    function = called.get("function") or called.get("custom")
    return str(function.get("name", "")) if isinstance(function, dict) else ""
