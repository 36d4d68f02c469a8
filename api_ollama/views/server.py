"""/api/version and /api/ps."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api_ollama.listing import loaded_model
from models_app import serving
from power_site.http import json_response

OLLAMA_VERSION = "0.33.0"
"""The Ollama whose API this is. Clients compare it to decide what they may send, so it isn't Power's own version."""


async def version(request: HttpRequest) -> HttpResponseBase:
    return json_response({"version": OLLAMA_VERSION})


async def ps(request: HttpRequest) -> HttpResponseBase:
    return json_response({"models": [loaded_model(*pair) for pair in await serving.resident_models()]})
