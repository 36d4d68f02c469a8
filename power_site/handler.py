"""Django's ASGI handlers, adapted: an API request costs no thread, however long its answer streams.

Stock Django (5.2, core/handlers/asgi.py) gives each request an executor of its own, starts its thread for the
synchronous ``request_started`` receivers, and keeps it until the answer's last byte: a thousand streams, a thousand
threads. On API paths there is nothing for those receivers to do: the ORM is used in ``run_db``'s threads, which look
after their own connections, and no middleware of the admin's takes part.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
from typing import Any

from django.core.exceptions import BadRequest, RequestAborted, SuspiciousOperation
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch

from power_site import request_id
from power_site.gate import ROUTE
from power_site.gate.asgi_types import App, Receive, Scope, Send
from power_site.gate.bodies import is_upload
from power_site.gate.refusal import Refusal, error_body, internal_error_text
from power_site.middleware import API_PREFIXES
from power_site.slashes import slash_redirect
from power_site.uploads import UPLOAD, UploadBody

logger = logging.getLogger("power.handler")


class PathSwitch:
    """API paths to the one handler, all others (the admin, its static files) to the other."""

    def __init__(self, api: App, pages: App) -> None:
        self._api = api
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["path"] == "/" or scope["path"].startswith(API_PREFIXES)
        await (self._api if is_api else self._pages)(scope, receive, send)


class PageHandler(ASGIHandler):
    """Stock Django, which also leaves the route's template for the access log."""

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        return _noted(request, super().resolve_request(request))


class APIHandler(ASGIHandler):
    """Native async from the first byte to the last. Runs on the event loop only."""

    def load_middleware(self, is_async: bool = False) -> None:
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        self._middleware_chain = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        if is_upload(scope["method"], scope["path"]):
            await self._take_upload(scope, receive, send)
            return
        try:
            body = await _whole_body(receive)
        except RequestAborted:
            return
        answering = asyncio.ensure_future(self._answer(scope, body, send))
        leaving = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _ended(leaving)
            await _ended(answering)

    async def _take_upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The view reads the body itself, so nobody else may watch for a client that leaves: the view is told."""
        scope[UPLOAD] = UploadBody(receive)
        # The client left in the midst of its body: there is nobody to answer.
        with contextlib.suppress(RequestAborted):
            await self._answer(scope, b"", send)

    async def _answer(self, scope: Scope, body: bytes, send: Send) -> None:
        response = await self._respond(scope, body)
        if (upload := scope.get(UPLOAD)) is not None and upload.must_close(scope["headers"], response.status_code):
            response.headers["Connection"] = "close"
        try:
            # 304 has no body, and a length of 0 would tell caches that the file has none (RFC 9110, 8.6).
            if not response.streaming and response.status_code != 304:
                response.headers.setdefault("Content-Length", str(len(response.content)))  # type: ignore[attr-defined]
            await self.send_response(response, send)  # type: ignore[arg-type]
        finally:
            # Here and not in a thread: what closes a stream is idempotent and only sends a message.
            response.close()

    async def _respond(self, scope: Scope, body: bytes) -> HttpResponseBase:
        try:
            request = ASGIRequest(scope, io.BytesIO(body))
        except UnicodeDecodeError:
            return _error(scope["path"], 400, "the request's query is not valid UTF-8")
        try:
            response: HttpResponseBase = await self._get_response_async(request)  # type: ignore[attr-defined]
        except (RequestAborted, Refusal):
            raise
        except Http404 as error:
            response = slash_redirect(request) or error_response(request.path, error)
        except Exception as error:  # noqa: BLE001 - the last resort of every view
            response = error_response(request.path, error)
        response._resource_closers.append(request.close)  # type: ignore[attr-defined]
        return response

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        return _noted(request, super().resolve_request(request))


def error_response(path: str, error: Exception) -> HttpResponse:
    """What a view did not catch, as JSON: 404, 400, 503 where the catalog is locked, else 500 with the request's id."""
    match error:
        case Http404():
            return _error(path, 404, "not found")
        case SuspiciousOperation() | BadRequest():
            return _error(path, 400, "bad request")
        case OperationalError() if "locked" in str(error):
            response = _error(path, 503, "the catalog is busy, please try again")
            response["Retry-After"] = "5"
            return response
    logger.error("a view failed", exc_info=error)
    return _error(path, 500, internal_error_text(request_id.current()))


def _error(path: str, status: int, message: str) -> HttpResponse:
    content = error_body(path, status, message)
    return HttpResponse(content, status=status, content_type="application/json; charset=utf-8")


def _noted(request: HttpRequest, match: ResolverMatch) -> ResolverMatch:
    request.scope[ROUTE] = "/" + match.route  # type: ignore[attr-defined]
    return match


async def _whole_body(receive: Receive) -> bytes:
    """The body in memory, bounded by the gate. Raises RequestAborted where the client left meanwhile."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _ended(task: asyncio.Future[Any]) -> None:
    """Cancel what still runs and wait for it; an error of its own is raised, a cancellation we asked for is not."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.result()
