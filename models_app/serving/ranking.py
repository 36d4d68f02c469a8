"""From a model's name, a query and documents to how well each document answers it. On the loop's thread."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from inference import Embeddings, EmbedRequest
from inference.errors import NotSupported
from inference.events import Started
from inference.options import ParsedOptions
from models_app.entries import ServedModel
from models_app.serving.residency import served_load_options
from power_site import metrics, runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class RankAsk:
    """``truncate``: a document that does not fit with the query loses its end. ``keep_alive_seconds`` None: the
    server's."""

    query: str
    documents: tuple[str, ...]
    options: ParsedOptions
    truncate: bool = False
    keep_alive_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """``scores`` in the order of the documents: the first number that the model's classifier gives, as it stands."""

    scores: tuple[float, ...]
    started: Started


async def model_rank(served: ServedModel, ask: RankAsk) -> Ranking:
    """Raises InputTooLong, and every other InferenceError."""
    if "rerank" not in served.capabilities:
        raise NotSupported(f"{served.name.full} does not support rerank")
    request = EmbedRequest(
        inputs=ask.documents,
        query=ask.query,
        truncate=ask.truncate,
        num_ctx=ask.options.load.get("num_ctx", 0),
        dimensions=1,
        normalize=False,
    )
    options = served_load_options(served, ask.options.load)
    made = await runtime.pool().embed(served.spec, options, request, keep_alive_seconds=ask.keep_alive_seconds)
    metrics.tokens(served.name.short, "input", made.started.n_prompt)
    return Ranking(scores=_scores(made), started=made.started)


def _scores(made: Embeddings) -> tuple[float, ...]:
    return tuple(struct.unpack("<f", vector)[0] for vector in made.vectors)
