"""A request to rank documents, as Jina and Cohere have it and llama-server takes it (tools/server/README.md), typed.

``truncate``, ``keep_alive`` and ``options`` are Ollama's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from inference.options import INT32_MAX
from models_app import serving
from power_site.http import BadRequest

MAX_DOCUMENTS = 2048
# They cut documents up or pick from them, which would change the scores.
_REFUSED = ("max_chunks_per_doc", "max_tokens_per_doc", "rank_fields")


class Document(Struct, frozen=True, kw_only=True):
    text: str


class RerankBody(Struct, frozen=True, kw_only=True):
    """``documents`` are texts, or objects with a ``text``. ``top_n`` None: all of them."""

    model: str = ""
    query: str = ""
    documents: list[str | Document] = []
    top_n: int | None = None
    return_documents: bool = False
    truncate: bool = False
    keep_alive: float | str | None = None
    options: dict[str, Any] = {}

    def __post_init__(self) -> None:
        for name in ("model", "query"):
            if not getattr(self, name):
                raise BadRequest(f"{name} is required", field=name)
        if not 0 < len(self.documents) <= MAX_DOCUMENTS:
            raise BadRequest(f"documents must have between 1 and {MAX_DOCUMENTS} entries", field="documents")
        if self.top_n is not None and not 1 <= self.top_n <= INT32_MAX:
            raise BadRequest("top_n must be at least 1", field="top_n")

    def texts(self) -> tuple[str, ...]:
        return tuple(one if isinstance(one, str) else one.text for one in self.documents)

    def keep_alive_seconds(self) -> float | None:
        return None if self.keep_alive is None else serving.keep_alive_seconds(self.keep_alive)


def refuse_unsupported(body: Mapping[str, Any]) -> None:
    for name in _REFUSED:
        if name in body:
            raise BadRequest(f"{name} is not supported by this server", field=name)
