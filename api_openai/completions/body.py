"""A legacy completion's request, typed (platform.openai.com/docs/api-reference/completions/create).

Without ``max_tokens`` an answer is as long as the model makes it (OpenAI stops after 16 tokens, Ollama doesn't).
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from api_openai.body import Body, require_range
from power_site.http import BadRequest

MAX_BEST_OF = 20  # OpenAI's
MAX_LOGPROBS = 20  # OpenAI allows 5
MAX_GENERATIONS = 512

_TOKENS = {"type": "array", "items": {"type": "integer"}}
_PROMPT = {
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}},
        _TOKENS,
        {"type": "array", "items": _TOKENS},
    ]
}


class CompletionBody(Body, frozen=True, kw_only=True):
    """``prompt`` is text, texts, tokens or lists of tokens; without one the model begins where every text begins.

    ``best_of`` candidates are generated, and the ``n`` that the model itself finds likeliest are the answer.
    """

    LEAST_TOKENS: ClassVar[int] = 0

    prompt: Annotated[Any, Meta(extra_json_schema=_PROMPT)] = ""
    suffix: str = ""
    echo: bool = False
    logprobs: int | None = None
    best_of: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("logprobs", self.logprobs, 0, MAX_LOGPROBS)
        require_range("best_of", self.best_of, 1, MAX_BEST_OF)
        if self.n_candidates < self.n:
            raise BadRequest("best_of must be at least n", field="best_of")
        if self.stream and self.chooses:
            raise BadRequest("best_of must be n in a stream: what was sent can't be taken back", field="best_of")
        if self.suffix and self.echo:
            raise BadRequest("echo and suffix exclude each other", field="echo")

    @property
    def n_candidates(self) -> int:
        return self.n if self.best_of is None else self.best_of

    @property
    def chooses(self) -> bool:
        """Whether there are more candidates than answers."""
        return self.n_candidates > self.n

    @property
    def wanted_logprobs(self) -> int | None:
        """What is asked of the engine: the choice among candidates needs the tokens' own, shown or not."""
        return 0 if self.logprobs is None and self.chooses else self.logprobs

    @property
    def prompt_logprobs(self) -> int | None:
        return self.logprobs if self.echo else None
