"""POST /api/pull and /api/push (PullHandler and PushHandler in Ollama's server/routes.go)."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api_ollama.progress import progress_response
from api_ollama.wire import PullBody, PushBody, decode
from models_app import transferring
from power_site.http import BadRequest, read_json


async def pull(request: HttpRequest) -> HttpResponseBase:
    """``model`` may also be an http(s) URL of a GGUF file; then ``name`` is what the model will be called."""
    body = decode(await read_json(request), PullBody)
    name = body.name if "://" in body.model and body.name else None
    watcher = transferring.pull_watch(source=body.model or body.name, name=name)
    return await progress_response(request, watcher, stream=body.stream)


async def push(request: HttpRequest) -> HttpResponseBase:
    """``destination``, a registry's URL, is Power's own."""
    body = decode(await read_json(request), PushBody)
    name = body.model or body.name
    if not name:
        raise BadRequest("model is required", field="model")
    watcher = transferring.push_watch(name=name, destination=body.destination, insecure=body.insecure)
    return await progress_response(request, watcher, stream=body.stream)
