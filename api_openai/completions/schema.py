"""A legacy completion, whole and in chunks."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from api_openai.schema import Answer, Envelope, FinishReason, Usage


class CompletionLogprobs(Answer, frozen=True, kw_only=True):
    tokens: list[str]
    token_logprobs: list[float | None]
    top_logprobs: list[dict[str, float] | None]
    text_offset: list[int]


class CompletionChoice(Answer, frozen=True, kw_only=True):
    text: str
    index: int
    finish_reason: FinishReason
    logprobs: CompletionLogprobs | UnsetType | None = UNSET


class Completion(Envelope, frozen=True, kw_only=True):
    """Whole, or one chunk of a stream."""

    object: Literal["text_completion"]
    choices: list[CompletionChoice]
    usage: Usage | UnsetType | None = UNSET
