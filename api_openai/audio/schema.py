"""What was said, whole and in the events of a stream."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from api_openai.schema import Answer


class TranscriptLogprob(Answer, frozen=True, kw_only=True):
    token: str
    bytes: list[int]
    logprob: float


class TranscriptUsage(Answer, frozen=True, kw_only=True):
    type: Literal["tokens"]
    input_tokens: int
    output_tokens: int
    total_tokens: int


class Transcription(Answer, frozen=True, kw_only=True):
    text: str
    usage: TranscriptUsage
    logprobs: list[TranscriptLogprob] | UnsetType = UNSET


class TranscriptDelta(Answer, frozen=True, kw_only=True):
    type: Literal["transcript.text.delta"]
    delta: str
    logprobs: list[TranscriptLogprob] | UnsetType = UNSET


class TranscriptDone(Answer, frozen=True, kw_only=True):
    type: Literal["transcript.text.done"]
    text: str
    usage: TranscriptUsage
    logprobs: list[TranscriptLogprob] | UnsetType = UNSET
