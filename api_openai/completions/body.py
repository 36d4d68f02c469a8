"""A legacy completion's request, typed (platform.openai.com/docs/api-reference/completions/create)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api_openai.body import Body, refuse, require_range


class CompletionBody(Body, frozen=True, kw_only=True):
    """``prompt`` is text, texts, tokens or lists of tokens."""

    prompt: str | list[Any] = ""
    echo: bool = False
    logprobs: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("logprobs", self.logprobs, 0, 20)

    @property
    def wanted_logprobs(self) -> int | None:
        return self.logprobs


# Field → the values that ask for nothing beyond what happens anyway.
_NOT_YET: dict[str, tuple[Any, ...]] = {"best_of": (1,), "suffix": ("",)}


def refuse_unsupported(body: Mapping[str, Any]) -> None:
    refuse(body, _NOT_YET)
