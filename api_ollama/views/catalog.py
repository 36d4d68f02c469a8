"""/api/tags, /api/show, /api/copy and /api/delete."""

from __future__ import annotations

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from api_ollama.listing import listed_json, shown_model
from api_ollama.wire import CopyBody, DeleteBody, ShowBody, decode
from models_app import selectors, serving
from models_app.errors import InvalidModelName, ModelNotFound
from models_app.naming import ModelName
from models_app.services.copy import model_copy
from power_site.http import BadRequest, json_response, read_json, run_db

_COPILOT_CHAT = "GitHubCopilotChat/"


async def tags(request: HttpRequest) -> HttpResponseBase:
    entries = await run_db(selectors.model_list)
    return json_response({"models": [listed_json(entry) for entry in entries]})


async def show(request: HttpRequest) -> HttpResponseBase:
    body = decode(await read_json(request), ShowBody)
    name = body.model or body.name
    if not name:
        raise BadRequest("model is required", field="model")
    try:
        card = await run_db(selectors.model_card, name, verbose=body.verbose)
    except ModelNotFound:
        raise ModelNotFound(ModelName.parse(name).short) from None
    shown = shown_model(card, system=body.system)
    if request.headers.get("User-Agent", "").startswith(_COPILOT_CHAT):
        # Copilot shows the base name; people look for the one they gave (Ollama's ShowHandler).
        shown["model_info"] = shown["model_info"] | {"general.basename": name}
    return json_response(shown)


async def copy(request: HttpRequest) -> HttpResponseBase:
    body = decode(await read_json(request), CopyBody)
    _check_name("source", body.source)
    _check_name("destination", body.destination)
    try:
        await run_db(model_copy, source=body.source, destination=body.destination)
    except ModelNotFound:
        raise _not_found(body.source) from None
    return HttpResponse()


async def delete(request: HttpRequest) -> HttpResponseBase:
    body = decode(await read_json(request), DeleteBody)
    name = body.model or body.name
    _check_name("name", name)
    await serving.model_remove(name)
    return HttpResponse()


def _check_name(what: str, name: str) -> None:
    try:
        ModelName.parse(name)
    except InvalidModelName as error:
        if str(error) != "invalid model name":
            raise
        raise BadRequest(f"{what} {_quoted(name)} is invalid", field=what) from None


def _not_found(name: str) -> ModelNotFound:
    error = ModelNotFound(name)
    error.args = (f"model {_quoted(name)} not found",)
    return error


def _quoted(name: str) -> str:
    return orjson.dumps(name[:400]).decode()
