"""/api/version, /api/ps, and what Ollama says of its cloud and its accounts: Power has neither."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api_ollama.listing import loaded_model
from models_app import serving
from power_site.http import BadRequest, json_response

OLLAMA_VERSION = "0.33.0"
"""The Ollama whose API this is. Clients compare it to decide what they may send, so it isn't Power's own version."""


async def version(request: HttpRequest) -> HttpResponseBase:
    return json_response({"version": OLLAMA_VERSION})


async def status(request: HttpRequest) -> HttpResponseBase:
    """Ollama's words for where the decision comes from are none, env, config and both (internal/cloud/policy.go)."""
    return json_response({"cloud": {"disabled": True, "source": "config"}})


async def me(request: HttpRequest) -> HttpResponseBase:
    """Nobody is signed in. No ``signin_url``: Ollama's command would open it, and there is nowhere to sign in."""
    return json_response({"error": "unauthorized"}, status=401)


async def signout(request: HttpRequest, key: str = "") -> HttpResponseBase:
    return json_response({"error": "you are not currently signed in"}, status=401)


async def web(request: HttpRequest) -> HttpResponseBase:
    """Searches and pages come from Ollama's cloud, which is switched off here (internal/cloud/policy.go)."""
    if not request.read().strip():
        raise BadRequest("missing request body")
    what = "web search" if request.path.endswith("web_search") else "web fetch"
    return json_response({"error": f"ollama cloud is disabled: {what} is unavailable"}, status=403)


async def recommendations(request: HttpRequest) -> HttpResponseBase:
    """None: those of Ollama's are for its own library and its cloud."""
    return json_response({"recommendations": []})


async def ps(request: HttpRequest) -> HttpResponseBase:
    return json_response({"models": [loaded_model(*pair) for pair in await serving.resident_models()]})
