"""What all of OpenAI's answers share, as types for the OpenAPI document; each room has its own beside it."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

FinishReason = Literal["stop", "length", "tool_calls", "function_call"] | None


class Answer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field that may be UNSET may be left out."""


class ErrorDetails(Answer, frozen=True, kw_only=True):
    message: str
    type: str
    param: str | None
    code: str | None


class ErrorEnvelope(Answer, frozen=True, kw_only=True):
    error: ErrorDetails


class PromptDetails(Answer, frozen=True, kw_only=True):
    cached_tokens: int
    audio_tokens: int


class CompletionDetails(Answer, frozen=True, kw_only=True):
    reasoning_tokens: int
    accepted_prediction_tokens: int
    rejected_prediction_tokens: int
    audio_tokens: int


class Usage(Answer, frozen=True, kw_only=True):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails
    completion_tokens_details: CompletionDetails


class Envelope(Answer, frozen=True, kw_only=True):
    id: str
    created: int
    model: str
    system_fingerprint: str
    service_tier: str | UnsetType = UNSET
