"""The pages of the house itself: the heartbeat, health, metrics, static files, and errors as JSON."""

from __future__ import annotations

import mimetypes
from pathlib import Path

import orjson
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from power_site import metrics, request_id, runtime, swagger_ui
from power_site.cli import power_version
from power_site.conf import config
from power_site.gate.hosts import is_loopback
from power_site.gate.refusal import error_body, internal_error_text
from power_site.http import run_file

JSON = "application/json; charset=utf-8"
HEARTBEAT = "Ollama is running"  # what Ollama's clients look for (server/routes.go)


async def heartbeat(request: HttpRequest) -> HttpResponse:
    if request.method not in {"GET", "HEAD"}:
        return method_not_allowed(request, "GET, HEAD")
    return HttpResponse(HEARTBEAT, content_type="text/plain; charset=utf-8")


async def health(request: HttpRequest) -> HttpResponse:
    if request.method not in {"GET", "HEAD"}:
        return method_not_allowed(request, "GET, HEAD")
    answer = {
        "status": "ok",
        "version": power_version(),
        "uptime_seconds": int(runtime.uptime_seconds()),
        "loaded_models": len(runtime.residents_for_metrics()),
    }
    return HttpResponse(orjson.dumps(answer), content_type=JSON)


async def metrics_text(request: HttpRequest) -> HttpResponse:
    """To this machine only, unless the setting opens it: names of models and their use are the team's own."""
    if request.method not in {"GET", "HEAD"}:
        return method_not_allowed(request, "GET, HEAD")
    if not (config().metrics_remote or is_loopback(request.META.get("REMOTE_ADDR", ""))):
        return error(request, 403, "metrics are for this machine only; the setting metrics_remote opens them")
    return HttpResponse(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


async def openapi(request: HttpRequest) -> HttpResponse:
    if request.method not in {"GET", "HEAD"}:
        return method_not_allowed(request, "GET, HEAD")
    from power_site.openapi.document import document_json  # here: its tables import every view, these among them

    return HttpResponse(await run_file(document_json), content_type=JSON)


def docs(request: HttpRequest) -> HttpResponse:
    """The API's description for people, in a browser. Nothing on the page is asked of another host."""
    if request.method not in {"GET", "HEAD"}:
        return method_not_allowed(request, "GET, HEAD")
    response = render(request, "docs.html")
    response["Content-Security-Policy"] = swagger_ui.POLICY
    return response


def static_file(request: HttpRequest, path: str) -> HttpResponse:
    """A static file of an installed app. The finders join safely; files are small, so they go out in one piece."""
    found = finders.find(path)
    if not isinstance(found, str) or not Path(found).is_file():
        raise Http404
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    headers = {"Cache-Control": "public, max-age=3600"}
    return HttpResponse(Path(found).read_bytes(), content_type=kind, headers=headers)


def method_not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    response = error(request, 405, "method not allowed")
    response["Allow"] = allowed
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error(request, 400, "bad request")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error(request, 403, "forbidden")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error(request, 404, "not found")


def server_error(request: HttpRequest) -> HttpResponse:
    return error(request, 500, internal_error_text(request_id.current()))


def error(request: HttpRequest, status: int, message: str) -> HttpResponse:
    return HttpResponse(error_body(request.path, status, message), status=status, content_type=JSON)
