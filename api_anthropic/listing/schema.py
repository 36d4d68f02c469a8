"""Models as Anthropic lists them."""

from __future__ import annotations

from typing import Any, Literal

from api_anthropic.schema import Answer


class AnthropicModel(Answer, frozen=True, kw_only=True):
    type: Literal["model"]
    id: str
    display_name: str
    created_at: str
    lifecycle: Literal["active"]
    line: None
    deprecated_at: None
    retires_at: None
    max_input_tokens: int | None
    max_tokens: int | None
    capabilities: dict[str, Any]


class AnthropicModelPage(Answer, frozen=True, kw_only=True):
    data: list[AnthropicModel]
    has_more: bool
    first_id: str | None
    last_id: str | None
