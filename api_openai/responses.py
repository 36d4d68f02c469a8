"""OpenAI's answers (platform.openai.com/docs/api-reference) as types, for the OpenAPI document."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

FinishReason = Literal["stop", "length", "tool_calls"] | None


class Answer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field that may be UNSET may be left out."""


class ErrorDetails(Answer, frozen=True, kw_only=True):
    message: str
    type: str
    param: str | None
    code: str | None


class ErrorEnvelope(Answer, frozen=True, kw_only=True):
    error: ErrorDetails


class Model(Answer, frozen=True, kw_only=True):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(Answer, frozen=True, kw_only=True):
    object: Literal["list"]
    data: list[Model]


class CachedTokens(Answer, frozen=True, kw_only=True):
    cached_tokens: int


class Usage(Answer, frozen=True, kw_only=True):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: CachedTokens | UnsetType = UNSET


class Envelope(Answer, frozen=True, kw_only=True):
    id: str
    created: int
    model: str
    system_fingerprint: str


class ToolFunction(Answer, frozen=True, kw_only=True):
    name: str
    arguments: str


class ToolCall(Answer, frozen=True, kw_only=True):
    id: str
    type: Literal["function"]
    function: ToolFunction
    index: int | UnsetType = UNSET


class Delta(Answer, frozen=True, kw_only=True):
    role: str | UnsetType = UNSET
    content: str | UnsetType | None = UNSET
    reasoning: str | UnsetType = UNSET
    reasoning_content: str | UnsetType = UNSET
    tool_calls: list[ToolCall] | UnsetType = UNSET


class TopLogprob(Answer, frozen=True, kw_only=True):
    token: str
    logprob: float
    bytes: list[int]


class ChatLogprob(TopLogprob, frozen=True, kw_only=True):
    top_logprobs: list[TopLogprob]


class ChatLogprobs(Answer, frozen=True, kw_only=True):
    content: list[ChatLogprob]


class ChatChoice(Answer, frozen=True, kw_only=True):
    index: int
    message: Delta
    logprobs: ChatLogprobs | None
    finish_reason: FinishReason


class ChatCompletion(Envelope, frozen=True, kw_only=True):
    object: Literal["chat.completion"]
    choices: list[ChatChoice]
    usage: Usage


class ChunkChoice(Answer, frozen=True, kw_only=True):
    index: int
    delta: Delta
    finish_reason: FinishReason
    logprobs: ChatLogprobs | UnsetType | None = UNSET


class ChatCompletionChunk(Envelope, frozen=True, kw_only=True):
    object: Literal["chat.completion.chunk"]
    choices: list[ChunkChoice]
    usage: Usage | UnsetType | None = UNSET


class CompletionLogprobs(Answer, frozen=True, kw_only=True):
    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]]
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
