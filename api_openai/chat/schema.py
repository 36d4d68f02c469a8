"""A chat completion and its chunks."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from api_openai.schema import Answer, Envelope, FinishReason, Usage


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
