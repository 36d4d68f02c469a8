"""Models as OpenAI lists them."""

from __future__ import annotations

from typing import Literal

from api_openai.schema import Answer


class Model(Answer, frozen=True, kw_only=True):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    capabilities: list[str]


class ModelDeleted(Answer, frozen=True, kw_only=True):
    id: str
    object: Literal["model"]
    deleted: bool


class ModelList(Answer, frozen=True, kw_only=True):
    object: Literal["list"]
    data: list[Model]
