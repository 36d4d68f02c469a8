"""What Anthropic's answers share, as types for the OpenAPI document; each room has its own beside it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

ErrorType = Literal[
    "invalid_request_error",
    "authentication_error",
    "permission_error",
    "not_found_error",
    "request_too_large",
    "rate_limit_error",
    "api_error",
    "timeout_error",
    "overloaded_error",
]


class Answer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field that may be UNSET may be left out."""


class AnthropicErrorDetails(Answer, frozen=True, kw_only=True):
    type: ErrorType
    message: str


class AnthropicError(Answer, frozen=True, kw_only=True):
    type: Literal["error"]
    error: AnthropicErrorDetails
    request_id: str
