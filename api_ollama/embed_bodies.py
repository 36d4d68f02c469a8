"""EmbedRequest and EmbeddingRequest (Ollama's api/types.go), typed."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from models_app.serving import keep_alive_seconds
from power_site.http import BadRequest

_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


class EmbeddingsBody(Struct, frozen=True, kw_only=True):
    model: str = ""
    prompt: str = ""
    keep_alive: float | str | None = None
    options: dict[str, Any] = {}

    def keep_alive_seconds(self) -> float | None:
        """None when unset; inf for ever."""
        return None if self.keep_alive is None else keep_alive_seconds(self.keep_alive)


class EmbedBody(Struct, frozen=True, kw_only=True):
    """``dimensions`` that are not more than 0, or more than there are, ask for all."""

    model: str = ""
    input: Annotated[Any, Meta(extra_json_schema=_TEXTS)] = None
    keep_alive: float | str | None = None
    truncate: bool = True
    dimensions: int = 0
    options: dict[str, Any] = {}

    def keep_alive_seconds(self) -> float | None:
        return None if self.keep_alive is None else keep_alive_seconds(self.keep_alive)

    def texts(self) -> tuple[str, ...]:
        """One empty text is none at all; in a list it is one like others. Raises BadRequest."""
        if isinstance(self.input, str):
            return (self.input,) if self.input else ()
        if self.input is None:
            return ()
        if isinstance(self.input, list) and all(isinstance(each, str) for each in self.input):
            return tuple(self.input)
        raise BadRequest("invalid input type", field="input")
