"""Embeddings as OpenAI answers them."""

from __future__ import annotations

from typing import Literal

from api_openai.schema import Answer


class Embedding(Answer, frozen=True, kw_only=True):
    """Numbers, or the base64 of them as little-endian float32."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class InputUsage(Answer, frozen=True, kw_only=True):
    prompt_tokens: int
    total_tokens: int


class EmbeddingList(Answer, frozen=True, kw_only=True):
    object: Literal["list"]
    data: list[Embedding]
    model: str
    usage: InputUsage
