"""A response, its items and their parts, for the OpenAPI document; ``event_schema`` has the events of a stream."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, UnsetType

from api_openai.schema import Answer

Status = Literal["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]
ItemStatus = Literal["in_progress", "completed", "incomplete"]


class TopLogprob(Answer, frozen=True, kw_only=True):
    token: str
    bytes: list[int]
    logprob: float


class Logprob(TopLogprob, frozen=True, kw_only=True):
    top_logprobs: list[TopLogprob]


class Part(Answer, frozen=True, kw_only=True):
    """Of a text there are annotations and logprobs."""

    type: Literal["output_text", "reasoning_text", "summary_text"]
    text: str
    annotations: list[Any] | UnsetType = UNSET
    logprobs: list[Logprob] | UnsetType = UNSET


class OutputItem(Answer, frozen=True, kw_only=True):
    """``type`` says which of the others there are: a message, thoughts, or a call of a function or a custom tool."""

    id: str
    type: Literal["message", "reasoning", "function_call", "custom_tool_call"]
    status: ItemStatus
    role: Literal["assistant"] | UnsetType = UNSET
    content: list[Part] | UnsetType = UNSET
    summary: list[Part] | UnsetType = UNSET
    encrypted_content: str | UnsetType = UNSET
    call_id: str | UnsetType = UNSET
    namespace: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    arguments: str | UnsetType = UNSET
    input: str | UnsetType = UNSET


class ResponseError(Answer, frozen=True, kw_only=True):
    code: Literal["server_error", "invalid_prompt", "context_length_exceeded", "rate_limit_exceeded"]
    message: str


class IncompleteDetails(Answer, frozen=True, kw_only=True):
    reason: Literal["max_output_tokens"]


class InputTokensDetails(Answer, frozen=True, kw_only=True):
    cached_tokens: int
    cache_write_tokens: int


class OutputTokensDetails(Answer, frozen=True, kw_only=True):
    reasoning_tokens: int


class ResponseUsage(Answer, frozen=True, kw_only=True):
    input_tokens: int
    input_tokens_details: InputTokensDetails
    output_tokens: int
    output_tokens_details: OutputTokensDetails
    total_tokens: int


class EffectiveReasoning(Answer, frozen=True, kw_only=True):
    effort: str | None
    summary: str | None


class Response(Answer, frozen=True, kw_only=True):
    """``tools``, ``tool_choice`` and ``text`` are the request's."""

    id: str
    object: Literal["response"]
    created_at: int
    completed_at: int | None
    status: Status
    background: bool
    error: ResponseError | None
    incomplete_details: IncompleteDetails | None
    instructions: str | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    model: str
    output: list[OutputItem]
    parallel_tool_calls: bool
    previous_response_id: str | None
    prompt_cache_key: str | None
    reasoning: EffectiveReasoning
    safety_identifier: str | None
    service_tier: str
    store: bool
    temperature: float
    top_p: float
    presence_penalty: float
    frequency_penalty: float
    text: dict[str, Any]
    tool_choice: str | dict[str, Any]
    tools: list[dict[str, Any]]
    top_logprobs: int
    truncation: Literal["auto", "disabled"]
    usage: ResponseUsage | None
    user: str | None
    metadata: dict[str, str]


class ResponseDeleted(Answer, frozen=True, kw_only=True):
    id: str
    object: Literal["response"]
    deleted: bool


class InputItemList(Answer, frozen=True, kw_only=True):
    """Items as they were sent, with an id each."""

    object: Literal["list"]
    data: list[dict[str, Any]]
    first_id: str | None
    last_id: str | None
    has_more: bool


class InputTokens(Answer, frozen=True, kw_only=True):
    object: Literal["response.input_tokens"]
    input_tokens: int
