"""A chat completion and its chunks."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType, field

from api_openai.schema import Answer, Envelope, FinishReason, Usage


class FunctionCall(Answer, frozen=True, kw_only=True):
    name: str
    arguments: str


class CustomCall(Answer, frozen=True, kw_only=True):
    name: str
    input: str


class ToolCall(Answer, frozen=True, kw_only=True):
    id: str
    type: Literal["function", "custom"]
    function: FunctionCall | UnsetType = UNSET
    custom: CustomCall | UnsetType = UNSET


class Message(Answer, frozen=True, kw_only=True):
    role: Literal["assistant"]
    content: str | None
    refusal: None
    annotations: list[str]
    reasoning: str | UnsetType = UNSET
    reasoning_content: str | UnsetType = UNSET
    tool_calls: list[ToolCall] | UnsetType = UNSET
    function_call: FunctionCall | UnsetType = UNSET


class FunctionDelta(Answer, frozen=True, kw_only=True):
    name: str | UnsetType = UNSET
    arguments: str


class CustomDelta(Answer, frozen=True, kw_only=True):
    name: str | UnsetType = UNSET
    input: str


class ToolCallDelta(Answer, frozen=True, kw_only=True):
    index: int
    id: str | UnsetType = UNSET
    type: Literal["function", "custom"] | UnsetType = UNSET
    function: FunctionDelta | UnsetType = UNSET
    custom: CustomDelta | UnsetType = UNSET


class Delta(Answer, frozen=True, kw_only=True):
    role: Literal["assistant"] | UnsetType = UNSET
    content: str | UnsetType = UNSET
    refusal: UnsetType | None = UNSET
    reasoning: str | UnsetType = UNSET
    reasoning_content: str | UnsetType = UNSET
    tool_calls: list[ToolCallDelta] | UnsetType = UNSET
    function_call: FunctionDelta | UnsetType = UNSET


class TopLogprob(Answer, frozen=True, kw_only=True):
    token: str
    logprob: float
    bytes: list[int]


class ChatLogprob(TopLogprob, frozen=True, kw_only=True):
    top_logprobs: list[TopLogprob]


class ChatLogprobs(Answer, frozen=True, kw_only=True):
    content: list[ChatLogprob]
    refusal: None


class ChatChoice(Answer, frozen=True, kw_only=True):
    index: int
    message: Message
    logprobs: ChatLogprobs | None
    finish_reason: FinishReason


class DebugInfo(Answer, frozen=True, kw_only=True):
    rendered_template: str
    image_count: int | UnsetType = UNSET


class ChatCompletion(Envelope, frozen=True, kw_only=True):
    """``_debug_info`` in place of the usage where only the prompt was asked for."""

    object: Literal["chat.completion"]
    choices: list[ChatChoice]
    usage: Usage | UnsetType = UNSET
    debug_info: DebugInfo | UnsetType = field(default=UNSET, name="_debug_info")


class ChunkChoice(Answer, frozen=True, kw_only=True):
    index: int
    delta: Delta
    finish_reason: FinishReason
    logprobs: ChatLogprobs | UnsetType | None = UNSET


class ChatCompletionChunk(Envelope, frozen=True, kw_only=True):
    object: Literal["chat.completion.chunk"]
    choices: list[ChunkChoice]
    usage: Usage | UnsetType | None = UNSET
    obfuscation: str | UnsetType = UNSET
