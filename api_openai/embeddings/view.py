"""POST /v1/embeddings."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api_openai.body import unknown_fields
from api_openai.embeddings.body import EmbeddingsBody
from api_openai.errors import Fields
from models_app import serving
from models_app.serving.embedding import EmbedAsk, model_embed, vectors_fragment
from power_site.http import convert, ignored_options_header, json_response, read_json

FIELDS = Fields(prompt="input")


async def embeddings(request: HttpRequest) -> HttpResponseBase:
    fields = await read_json(request)
    body = convert(fields, EmbeddingsBody)
    served = await serving.model_resolve(body.model)
    ask = EmbedAsk(
        inputs=body.inputs(n_vocab=served.spec.n_vocab),
        options=serving.served_options(served, body.options),
        truncate=body.truncate,
        dimensions=body.dimensions_of(served),
        keep_alive_seconds=body.keep_alive_seconds(),
    )
    made = await model_embed(served, ask)
    answer = {
        "object": "list",
        "data": await asyncio.to_thread(_data, made.vectors, as_base64=body.wants_base64),
        "model": body.model,
        "usage": input_usage(made.started.n_prompt),
    }
    ignored = (*ask.options.ignored, *unknown_fields(fields, EmbeddingsBody))
    headers = {**ignored_options_header(ignored), **serving.truncation_header(made.started)}
    return json_response(answer, headers=headers)


def input_usage(n_prompt: int) -> dict[str, int]:
    """Of an endpoint that generates nothing."""
    return {"prompt_tokens": n_prompt, "total_tokens": n_prompt}


def _data(vectors: Sequence[bytes], *, as_base64: bool) -> list[dict[str, Any]]:
    """In a thread: there may be millions of numbers."""
    made = [b64encode(vector).decode() if as_base64 else vectors_fragment(vector) for vector in vectors]
    return [{"object": "embedding", "index": index, "embedding": one} for index, one in enumerate(made)]
