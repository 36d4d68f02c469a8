"""A request for embeddings, typed (platform.openai.com/docs/api-reference/embeddings/create), and Power's extras.

``truncate``, ``keep_alive`` and ``options`` are Ollama's. ``user`` says who asks, and changes nothing.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from api_openai.body import require_range
from inference.options import INT32_MAX
from models_app import serving
from models_app.entries import ServedModel
from power_site.http import BadRequest

MAX_INPUTS = 2048

_TOKENS = {"type": "array", "items": {"type": "integer"}}
_INPUT = {
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}},
        _TOKENS,
        {"type": "array", "items": _TOKENS},
    ]
}


class EmbeddingsBody(Struct, frozen=True, kw_only=True):
    """``input`` is text, texts, tokens or lists of tokens. What is longer than the context is refused, unless
    ``truncate``."""

    model: str = ""
    input: Annotated[Any, Meta(extra_json_schema=_INPUT)] = None
    dimensions: int | None = None
    encoding_format: str = "float"
    user: str = ""
    truncate: bool = False
    keep_alive: float | str | None = None
    options: dict[str, Any] = {}

    def __post_init__(self) -> None:
        if not self.model:
            raise BadRequest("model is required", field="model")
        if self.encoding_format.lower() not in ("float", "base64"):
            raise BadRequest('encoding_format must be "float" or "base64"', field="encoding_format")
        require_range("dimensions", self.dimensions, 1, INT32_MAX)

    @property
    def wants_base64(self) -> bool:
        return self.encoding_format.lower() == "base64"

    def keep_alive_seconds(self) -> float | None:
        return None if self.keep_alive is None else serving.keep_alive_seconds(self.keep_alive)

    def dimensions_of(self, served: ServedModel) -> int:
        """0: all. Raises BadRequest where the model has fewer."""
        if served.spec.n_embd:
            require_range("dimensions", self.dimensions, 1, served.spec.n_embd)
        return self.dimensions or 0

    def inputs(self, *, n_vocab: int) -> tuple[str | tuple[int, ...], ...]:
        """Raises BadRequest. ``n_vocab`` 0: not known."""
        if isinstance(self.input, str):
            return (_text(self.input),)
        if self.input is None:
            raise BadRequest("input is required", field="input")
        if not isinstance(self.input, list):
            raise _invalid()
        if self.input and _is_token(self.input[0]):
            return (_tokens(self.input, n_vocab),)
        if not 0 < len(self.input) <= MAX_INPUTS:
            raise BadRequest(f"input must have between 1 and {MAX_INPUTS} entries", field="input")
        return tuple(_text(one) if isinstance(one, str) else _tokens(one, n_vocab) for one in self.input)


def _text(text: str) -> str:
    if not text:
        raise BadRequest("input cannot be an empty string", field="input")
    return text


def _tokens(tokens: Any, n_vocab: int) -> tuple[int, ...]:
    if not isinstance(tokens, list) or not tokens or not all(map(_is_token, tokens)):
        raise _invalid()
    if min(tokens) < 0 or 0 < n_vocab <= max(tokens):
        raise BadRequest("input must be made of tokens of this model", field="input")
    return tuple(tokens)


def _is_token(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _invalid() -> BadRequest:
    return BadRequest("input must be a string, strings, tokens or lists of tokens, none of them empty", field="input")
