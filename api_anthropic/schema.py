"""What Anthropic's answers share, as types for the OpenAPI document; each room has its own beside it."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

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
    """``details`` has an ``error_code`` where there is one for the case."""

    type: ErrorType
    message: str
    details: dict[str, Any] | UnsetType = UNSET


class AnthropicError(Answer, frozen=True, kw_only=True):
    type: Literal["error"]
    error: AnthropicErrorDetails
    request_id: str
