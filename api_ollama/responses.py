"""Ollama's answers (api/types.go) as types, for the OpenAPI document. Tests hold that what is sent fits them."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType, field


class Answer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field that may be UNSET is left out where it is zero."""


class ErrorResponse(Answer, frozen=True, kw_only=True):
    error: str


class TokenLogprobResponse(Answer, frozen=True, kw_only=True):
    token: str
    logprob: float
    bytes: list[int]


class LogprobResponse(TokenLogprobResponse, frozen=True, kw_only=True):
    top_logprobs: list[TokenLogprobResponse] | UnsetType = UNSET


class ToolFunctionResponse(Answer, frozen=True, kw_only=True):
    index: int
    name: str
    arguments: dict[str, Any]


class ToolCallResponse(Answer, frozen=True, kw_only=True):
    id: str
    function: ToolFunctionResponse


class MessageResponse(Answer, frozen=True, kw_only=True):
    role: str
    content: str
    thinking: str | UnsetType = UNSET
    images: list[str] | UnsetType = UNSET
    tool_calls: list[ToolCallResponse] | UnsetType = UNSET
    tool_name: str | UnsetType = UNSET
    tool_call_id: str | UnsetType = UNSET


class DebugInfo(Answer, frozen=True, kw_only=True):
    rendered_template: str
    image_count: int | UnsetType = UNSET


class InferenceResponse(Answer, frozen=True, kw_only=True):
    """One line of a stream or a whole answer. Durations are nanoseconds."""

    model: str
    created_at: str
    done: bool
    done_reason: str | UnsetType = UNSET
    total_duration: int | UnsetType = UNSET
    load_duration: int | UnsetType = UNSET
    prompt_eval_count: int | UnsetType = UNSET
    prompt_eval_duration: int | UnsetType = UNSET
    eval_count: int | UnsetType = UNSET
    eval_duration: int | UnsetType = UNSET
    logprobs: list[LogprobResponse] | UnsetType = UNSET
    debug_info: DebugInfo | UnsetType = field(name="_debug_info", default=UNSET)


class GenerateResponse(InferenceResponse, frozen=True, kw_only=True):
    response: str
    thinking: str | UnsetType = UNSET
    context: list[int] | UnsetType = UNSET
    tool_calls: list[ToolCallResponse] | UnsetType = UNSET


class ChatResponse(InferenceResponse, frozen=True, kw_only=True):
    message: MessageResponse


class EmbedResponse(Answer, frozen=True, kw_only=True):
    model: str
    embeddings: list[list[float]]
    total_duration: int | UnsetType = UNSET
    load_duration: int | UnsetType = UNSET
    prompt_eval_count: int | UnsetType = UNSET


class EmbeddingsResponse(Answer, frozen=True, kw_only=True):
    embedding: list[float]


class ProgressResponse(Answer, frozen=True, kw_only=True):
    """``digest`` names a progress bar; ``total`` and ``completed`` are bytes."""

    status: str
    digest: str | UnsetType = UNSET
    total: int | UnsetType = UNSET
    completed: int | UnsetType = UNSET


class DetailsResponse(Answer, frozen=True, kw_only=True):
    parent_model: str
    format: str
    family: str
    families: list[str] | None
    parameter_size: str
    quantization_level: str
    context_length: int | UnsetType = UNSET
    embedding_length: int | UnsetType = UNSET


class ListedModel(Answer, frozen=True, kw_only=True):
    """``digest`` is bare hex."""

    name: str
    model: str
    modified_at: str
    size: int
    digest: str
    details: DetailsResponse
    capabilities: list[str] | UnsetType = UNSET


class ListResponse(Answer, frozen=True, kw_only=True):
    models: list[ListedModel]


class LoadedModel(Answer, frozen=True, kw_only=True):
    name: str
    model: str
    size: int
    digest: str
    details: DetailsResponse
    expires_at: str
    size_vram: int
    context_length: int


class ProcessResponse(Answer, frozen=True, kw_only=True):
    models: list[LoadedModel]


class TensorResponse(Answer, frozen=True, kw_only=True):
    name: str
    type: str
    shape: list[int]


class ShowResponse(Answer, frozen=True, kw_only=True):
    details: DetailsResponse
    model_info: dict[str, Any]
    capabilities: list[str]
    modified_at: str
    license: str | UnsetType = UNSET
    modelfile: str | UnsetType = UNSET
    parameters: str | UnsetType = UNSET
    template: str | UnsetType = UNSET
    system: str | UnsetType = UNSET
    renderer: str | UnsetType = UNSET
    parser: str | UnsetType = UNSET
    requires: str | UnsetType = UNSET
    messages: list[MessageResponse] | UnsetType = UNSET
    projector_info: dict[str, Any] | UnsetType = UNSET
    tensors: list[TensorResponse] | UnsetType = UNSET


class VersionResponse(Answer, frozen=True, kw_only=True):
    version: str


class Recommendation(Answer, frozen=True, kw_only=True):
    model: str
    description: str


class RecommendationsResponse(Answer, frozen=True, kw_only=True):
    recommendations: list[Recommendation]


class CloudStatus(Answer, frozen=True, kw_only=True):
    disabled: bool
    source: str


class StatusResponse(Answer, frozen=True, kw_only=True):
    cloud: CloudStatus
