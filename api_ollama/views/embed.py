"""POST /api/embed and the older POST /api/embeddings: EmbedHandler and EmbeddingsHandler (Ollama's routes.go)."""

from __future__ import annotations

import time

import orjson
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api_ollama.embed_bodies import EmbedBody, EmbeddingsBody
from api_ollama.times import nanoseconds
from api_ollama.wire import decode
from models_app import serving
from models_app.entries import ServedModel
from models_app.errors import ModelNotFound
from models_app.serving.embedding import EmbedAsk, model_embed, vectors_json
from power_site.http import BadRequest, ignored_options_header, json_response, read_json


async def embed(request: HttpRequest) -> HttpResponseBase:
    begun_at = time.perf_counter()
    body = decode(await read_json(request), EmbedBody)
    if not body.model:
        raise ModelNotFound(body.model)
    inputs = body.texts()
    served = await _served(body.model)
    resolved_at = time.perf_counter()
    ask = EmbedAsk(
        inputs=inputs,
        options=serving.served_options(served, body.options),
        truncate=body.truncate,
        dimensions=body.dimensions,
        keep_alive_seconds=body.keep_alive_seconds(),
    )
    if not inputs:
        await serving.model_load(served, ask.options, keep_alive_seconds=ask.keep_alive_seconds)
        return json_response({"model": body.model, "embeddings": []})
    made = await model_embed(served, ask)
    answer = {
        "model": body.model,
        "embeddings": await vectors_json(made.vectors),
        "total_duration": nanoseconds(time.perf_counter() - begun_at),
        "load_duration": nanoseconds(resolved_at - begun_at + made.load_seconds),
        "prompt_eval_count": made.started.n_prompt,
    }
    headers = {**ignored_options_header(ask.options.ignored), **serving.truncation_header(made.started)}
    return json_response({name: value for name, value in answer.items() if value}, headers=headers)


async def embeddings(request: HttpRequest) -> HttpResponseBase:
    """One text, and its vector as the model's file wants it: only some are made 1 long. What is too long is refused."""
    body = decode(await read_json(request), EmbeddingsBody)
    if not body.model:
        raise BadRequest("model is required", field="model")
    served = await _served(body.model)
    ask = EmbedAsk(
        inputs=(body.prompt,),
        options=serving.served_options(served, body.options),
        truncate=False,
        normalize=None,
        keep_alive_seconds=body.keep_alive_seconds(),
    )
    headers = ignored_options_header(ask.options.ignored)
    if not body.prompt:
        await serving.model_load(served, ask.options, keep_alive_seconds=ask.keep_alive_seconds)
        return json_response({"embedding": []}, headers=headers)
    made = await model_embed(served, ask)
    return json_response({"embedding": await vectors_json(made.vectors[0])}, headers=headers)


async def _served(name: str) -> ServedModel:
    try:
        return await serving.model_resolve(name)
    except ModelNotFound as error:
        quoted = orjson.dumps(name[:400]).decode()
        error.args = (f"model {quoted} not found, try pulling it first",)
        raise
