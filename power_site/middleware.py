"""Middleware for the admin's pages and for servers that run Django without our handler (``runserver``, tests).

Each works for sync and async chains without a thread (Django's MiddlewareMixin would take one for every request).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

API_PREFIXES = ("/api/", "/v1/", "/health", "/metrics", "/openapi.json", "/rerank", "/tokenize", "/detokenize")
# unfold brings its own Alpine, which evaluates expressions in attributes.
ADMIN_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)

Chain = Callable[[HttpRequest], Any]


@sync_and_async_middleware
def api_without_csrf(get_response: Chain) -> Chain:
    """API requests carry no cookie's authority, so there is no cross-site request to forge; the gate checks Origin."""

    def mark(request: HttpRequest) -> None:
        if request.path_info.startswith(API_PREFIXES) or request.path_info == "/":
            request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]

    return _before(get_response, mark)


@sync_and_async_middleware
def content_security_policy(get_response: Chain) -> Chain:
    def mark(response: HttpResponseBase) -> None:
        response.headers.setdefault("Content-Security-Policy", ADMIN_POLICY)

    return _after(get_response, mark)


class _Busy:
    """A page that met a locked database: 503 and when to come back, not 500."""

    @staticmethod
    def response() -> HttpResponse:
        text = "The catalog is busy; try again in a moment."
        return HttpResponse(text, status=503, content_type="text/plain; charset=utf-8", headers={"Retry-After": "5"})


class database_busy:  # noqa: N801 - named as the other middleware are, which are functions
    """Turns SQLite's "database is locked" into 503. A class, because only these see a view's exception."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Chain) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            from asgiref.sync import markcoroutinefunction

            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, OperationalError) and "locked" in str(exception):
            return _Busy.response()
        return None


def _before(get_response: Chain, act: Callable[[HttpRequest], None]) -> Chain:
    if iscoroutinefunction(get_response):

        async def chain(request: HttpRequest) -> HttpResponseBase:
            act(request)
            return await _awaited(get_response(request))

        return chain

    def sync_chain(request: HttpRequest) -> HttpResponseBase:
        act(request)
        response: HttpResponseBase = get_response(request)
        return response

    return sync_chain


def _after(get_response: Chain, act: Callable[[HttpResponseBase], None]) -> Chain:
    if iscoroutinefunction(get_response):

        async def chain(request: HttpRequest) -> HttpResponseBase:
            response = await _awaited(get_response(request))
            act(response)
            return response

        return chain

    def sync_chain(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = get_response(request)
        act(response)
        return response

    return sync_chain


async def _awaited(response: Awaitable[HttpResponseBase]) -> HttpResponseBase:
    return await response
