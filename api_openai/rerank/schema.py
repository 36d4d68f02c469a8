"""Ranked documents, the best first."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from api_openai.embeddings.schema import InputUsage
from api_openai.schema import Answer


class RankedDocument(Answer, frozen=True, kw_only=True):
    text: str


class RankResult(Answer, frozen=True, kw_only=True):
    """``index`` is the document's place in the request; the score is the model's own, which need not end at 1."""

    index: int
    relevance_score: float
    document: RankedDocument | UnsetType = UNSET


class RerankAnswer(Answer, frozen=True, kw_only=True):
    id: str
    object: Literal["list"]
    model: str
    results: list[RankResult]
    usage: InputUsage
