"""POST /api/create (CreateHandler in Ollama's server/create.go)."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api_ollama.progress import progress_response
from api_ollama.wire import CreateBody, decode
from models_app import transferring
from models_app.creation.recipe import request_of_text
from models_app.creation.request import CreateRequest, licenses_of
from models_app.errors import InvalidModelName
from power_site.http import BadRequest, read_json, run_file


async def create(request: HttpRequest) -> HttpResponseBase:
    """A ``modelfile`` is Power's own: for those who have no client that reads it, where neither from nor files say."""
    body = decode(await read_json(request), CreateBody)
    if not (body.model or body.name):
        raise InvalidModelName("")
    if body.remote_host:
        raise BadRequest("models that run elsewhere are not supported", field="remote_host")
    wanted = await run_file(_request, body)  # a Modelfile may be long
    return await progress_response(request, transferring.create_watch(wanted), stream=body.stream)


def _request(body: CreateBody) -> CreateRequest:
    name = body.model or body.name
    quantize = body.quantize or body.quantization
    if body.modelfile and not body.source and body.files is None:
        return request_of_text(body.modelfile, model=name, quantize=quantize)
    return CreateRequest(
        model=name,
        source=body.source,
        files=body.files,
        adapters=body.adapters,
        draft_files=body.draft_files,
        template=body.template,
        system=body.system,
        licenses=licenses_of(body.license),
        parameters=body.parameters,
        messages=tuple(_message(message) for message in body.messages),
        quantize=quantize,
        draft_quantize=body.draft_quantize,
        renderer=body.renderer,
        parser=body.parser,
        requires=body.requires,
        info=body.info,
    )


def _message(message: Any) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(message)
    return fields
