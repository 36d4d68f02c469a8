"""One message of a chat's request, typed. Clients send back what they were given, nulls and all."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class FunctionCall(Struct, frozen=True, kw_only=True):
    name: str
    arguments: str = ""


class Message(Struct, frozen=True, kw_only=True):
    """``refusal`` stands for the content where there is none; ``function_call`` is what calls of tools were before."""

    role: str
    content: str | list[dict[str, Any]] | None = None
    name: str | None = None
    refusal: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    audio: dict[str, Any] | None = None
    function_call: FunctionCall | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None
