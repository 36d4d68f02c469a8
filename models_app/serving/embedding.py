"""From a model's name and texts to vectors, for both wires. Everything runs on the loop's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from inference import Embeddings, EmbedRequest
from inference.errors import NotSupported
from inference.options import ParsedOptions
from models_app.entries import ServedModel
from models_app.serving.residency import served_load_options
from power_site import metrics, runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedAsk:
    """Embeddings as a wire asks for them; see EmbedRequest. ``keep_alive_seconds`` None: the server's."""

    inputs: tuple[str | tuple[int, ...], ...]
    options: ParsedOptions
    truncate: bool = True
    dimensions: int = 0
    normalize: bool | None = True
    keep_alive_seconds: float | None = None


async def model_embed(served: ServedModel, ask: EmbedAsk) -> Embeddings:
    """A vector for each input, in order. Raises InputTooLong, and every other InferenceError."""
    if "rerank" in served.capabilities:
        raise NotSupported(f"{served.name.full} ranks texts and does not embed them")
    request = EmbedRequest(
        inputs=ask.inputs,
        truncate=ask.truncate,
        num_ctx=ask.options.load.get("num_ctx", 0),
        dimensions=max(0, ask.dimensions),
        normalize=ask.normalize,
    )
    options = served_load_options(served, ask.options.load)
    embeddings = await runtime.pool().embed(served.spec, options, request, keep_alive_seconds=ask.keep_alive_seconds)
    metrics.tokens(served.name.short, "input", embeddings.started.n_prompt)
    return embeddings


async def vectors_json(vectors: Sequence[bytes] | bytes) -> orjson.Fragment:
    """A JSON array of arrays, or one array for one vector, each number as short as float32 allows.

    Made in a thread: there may be millions.
    """
    return await asyncio.to_thread(vectors_fragment, vectors)


def vectors_fragment(vectors: Sequence[bytes] | bytes) -> orjson.Fragment:
    """``vectors_json`` for who is in a thread of its own."""
    import numpy as np  # here: a server that embeds nothing needs none of it

    shape = (-1,) if isinstance(vectors, bytes) else (len(vectors), -1)
    data = vectors if isinstance(vectors, bytes) else b"".join(vectors)
    numbers = np.frombuffer(data, np.dtype("<f4")).astype(np.float32, copy=False)
    return orjson.Fragment(orjson.dumps(numbers.reshape(shape), option=orjson.OPT_SERIALIZE_NUMPY))
