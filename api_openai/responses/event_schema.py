"""The events of a streamed response, for the OpenAPI document: by what they are about."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from api_openai.responses.schema import Logprob, OutputItem, Part, Response
from api_openai.schema import Answer, ErrorDetails


class NumberedEvent(Answer, frozen=True, kw_only=True):
    """Numbers count from 0, without gaps."""

    sequence_number: int


class LifecycleEvent(NumberedEvent, frozen=True, kw_only=True):
    type: Literal[
        "response.created",
        "response.queued",
        "response.in_progress",
        "response.completed",
        "response.incomplete",
        "response.failed",
    ]
    response: Response


class ItemEvent(NumberedEvent, frozen=True, kw_only=True):
    type: Literal["response.output_item.added", "response.output_item.done"]
    output_index: int
    item: OutputItem


class PlacedEvent(NumberedEvent, frozen=True, kw_only=True):
    item_id: str
    output_index: int


class PartEvent(PlacedEvent, frozen=True, kw_only=True):
    type: Literal["response.content_part.added", "response.content_part.done"]
    content_index: int
    part: Part


class TextEvent(PlacedEvent, frozen=True, kw_only=True):
    """``delta`` or ``text``."""

    type: Literal["response.output_text.delta", "response.output_text.done"]
    content_index: int
    logprobs: list[Logprob]
    delta: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    obfuscation: str | UnsetType = UNSET


class ReasoningEvent(PlacedEvent, frozen=True, kw_only=True):
    type: Literal["response.reasoning_text.delta", "response.reasoning_text.done"]
    content_index: int
    delta: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    obfuscation: str | UnsetType = UNSET


class SummaryEvent(PlacedEvent, frozen=True, kw_only=True):
    type: Literal[
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_part.done",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
    ]
    summary_index: int
    part: Part | UnsetType = UNSET
    delta: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    obfuscation: str | UnsetType = UNSET


class CallEvent(PlacedEvent, frozen=True, kw_only=True):
    type: Literal[
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.custom_tool_call_input.delta",
        "response.custom_tool_call_input.done",
    ]
    delta: str | UnsetType = UNSET
    arguments: str | UnsetType = UNSET
    input: str | UnsetType = UNSET
    obfuscation: str | UnsetType = UNSET


class ErrorEvent(NumberedEvent, frozen=True, kw_only=True):
    type: Literal["error"]
    code: str | None
    message: str
    param: str | None
    error: ErrorDetails


EVENTS = (LifecycleEvent, ItemEvent, PartEvent, TextEvent, ReasoningEvent, SummaryEvent, CallEvent, ErrorEvent)
