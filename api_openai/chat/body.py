"""A chat completion's request, typed (platform.openai.com/docs/api-reference/chat/create)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from api_openai.body import Body, refuse, require_range
from inference.options import INT32_MAX
from power_site.http import BadRequest


class Message(Struct, frozen=True, kw_only=True):
    role: str
    content: str | list[dict[str, Any]] | None = None
    name: str = ""
    reasoning: str = ""
    reasoning_content: str = ""
    tool_calls: list[dict[str, Any]] = []
    tool_call_id: str = ""


class ChatBody(Body, frozen=True, kw_only=True):
    messages: list[Message] = field(default_factory=list)
    max_completion_tokens: int | None = None
    logprobs: bool = False
    top_logprobs: int = 0
    tools: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("top_logprobs", self.top_logprobs, 0, 20)
        require_range("max_completion_tokens", self.max_completion_tokens, 1, INT32_MAX)
        if not self.messages:
            raise BadRequest("[] is too short - 'messages'", field="messages")

    @property
    def max_predicted(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens

    @property
    def wanted_logprobs(self) -> int | None:
        return self.top_logprobs if self.logprobs else None


# Field → the values that ask for nothing beyond what happens anyway.
_NOT_YET: dict[str, tuple[Any, ...]] = {
    "audio": (),
    "function_call": ("none", "auto"),
    "functions": ([],),
    "modalities": (["text"], []),
    "moderation": (),
    "prediction": (),
    "reasoning": ({}, {"effort": "none"}),
    "reasoning_effort": ("none",),
    "response_format": ({"type": "text"},),
    "tool_choice": ("none", "auto"),
    "verbosity": ("medium",),
    "web_search_options": (),
}


def refuse_unsupported(body: Mapping[str, Any]) -> None:
    refuse(body, _NOT_YET)
