"""GET /v1/models; GET and DELETE /v1/models/<name>."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from models_app import selectors, serving
from models_app.entries import ModelEntry
from power_site.http import json_response, run_db


async def models(request: HttpRequest) -> HttpResponseBase:
    entries = await run_db(selectors.model_list)
    return json_response({"object": "list", "data": [_model(entry, entry.name.short) for entry in entries]})


async def model(request: HttpRequest, name: str) -> HttpResponseBase:
    return json_response(_model(await run_db(selectors.model_get, name), name))


async def model_delete(request: HttpRequest, name: str) -> HttpResponseBase:
    await serving.model_remove(name)
    return json_response({"id": name, "object": "model", "deleted": True})


def _model(entry: ModelEntry, shown: str) -> dict[str, Any]:
    """``capabilities`` is Power's own: who looks for a model that ranks finds none by its name."""
    return {
        "id": shown,
        "object": "model",
        "created": int(entry.modified_at.timestamp()),
        "owned_by": entry.name.namespace,
        "capabilities": entry.capabilities,
    }
