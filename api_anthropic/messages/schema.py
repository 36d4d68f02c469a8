"""A message, its blocks, and the events of one that streams. Fields that are always null are those of Anthropic's own
servers, which its SDKs expect to find."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, UnsetType

from api_anthropic.schema import Answer

StopReason = Literal["end_turn", "max_tokens", "stop_sequence", "tool_use", "model_context_window_exceeded"] | None


class TextBlock(Answer, frozen=True, kw_only=True, tag_field="type", tag="text"):
    text: str
    citations: None


class ThinkingBlock(Answer, frozen=True, kw_only=True, tag_field="type", tag="thinking"):
    thinking: str
    signature: str


class Caller(Answer, frozen=True, kw_only=True):
    type: Literal["direct"]


class ToolUseBlock(Answer, frozen=True, kw_only=True, tag_field="type", tag="tool_use"):
    id: str
    name: str
    input: dict[str, Any]
    caller: Caller


Block = TextBlock | ThinkingBlock | ToolUseBlock


class OutputTokensDetails(Answer, frozen=True, kw_only=True):
    thinking_tokens: int


class DeltaUsage(Answer, frozen=True, kw_only=True):
    input_tokens: int
    cache_creation_input_tokens: int
    cache_read_input_tokens: int
    output_tokens: int
    output_tokens_details: OutputTokensDetails
    server_tool_use: None


class MessageUsage(DeltaUsage, frozen=True, kw_only=True):
    cache_creation: None
    inference_geo: None
    service_tier: Literal["standard"]


class AppliedEdits(Answer, frozen=True, kw_only=True):
    applied_edits: list[dict[str, Any]]


class AnthropicMessage(Answer, frozen=True, kw_only=True):
    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    model: str
    content: list[Block]
    container: None
    stop_reason: StopReason
    stop_sequence: str | None
    stop_details: None
    usage: MessageUsage
    context_management: AppliedEdits | UnsetType = UNSET


class OriginalTokens(Answer, frozen=True, kw_only=True):
    original_input_tokens: int


class TokensCount(Answer, frozen=True, kw_only=True):
    input_tokens: int
    context_management: OriginalTokens | UnsetType = UNSET


class MessageStart(Answer, frozen=True, kw_only=True, tag_field="type", tag="message_start"):
    message: AnthropicMessage


class BlockStart(Answer, frozen=True, kw_only=True, tag_field="type", tag="content_block_start"):
    index: int
    content_block: Block


class BlockDelta(Answer, frozen=True, kw_only=True, tag_field="type", tag="content_block_delta"):
    """``delta`` is a text_delta, thinking_delta, signature_delta or input_json_delta."""

    index: int
    delta: dict[str, str]


class BlockStop(Answer, frozen=True, kw_only=True, tag_field="type", tag="content_block_stop"):
    index: int


class Ending(Answer, frozen=True, kw_only=True):
    container: None
    stop_details: None
    stop_reason: StopReason
    stop_sequence: str | None


class MessageDelta(Answer, frozen=True, kw_only=True, tag_field="type", tag="message_delta"):
    delta: Ending
    usage: DeltaUsage
    context_management: AppliedEdits | UnsetType = UNSET


class MessageStop(Answer, frozen=True, kw_only=True, tag_field="type", tag="message_stop"):
    pass


class Ping(Answer, frozen=True, kw_only=True, tag_field="type", tag="ping"):
    pass


EVENTS = (MessageStart, BlockStart, BlockDelta, BlockStop, MessageDelta, MessageStop, Ping)
