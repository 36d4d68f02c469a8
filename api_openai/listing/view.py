"""GET /v1/models and /v1/models/<name>."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from models_app import selectors
from models_app.entries import ModelEntry
from power_site.http import json_response, run_db


async def models(request: HttpRequest) -> HttpResponseBase:
    entries = await run_db(selectors.model_list)
    return json_response({"object": "list", "data": [_model(entry, entry.name.short) for entry in entries]})


async def model(request: HttpRequest, name: str) -> HttpResponseBase:
    return json_response(_model(await run_db(selectors.model_get, name), name))


def _model(entry: ModelEntry, shown: str) -> dict[str, Any]:
    created = int(entry.modified_at.timestamp())
    return {"id": shown, "object": "model", "created": created, "owned_by": entry.name.namespace}
