"""One path that two wires have: which of them a request means is told by a header that only one's clients send."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from power_site.http import AsyncView


def beside(patterns: Sequence[URLPattern], others: Sequence[URLPattern], *, header: str) -> list[URLPattern]:
    """``patterns``, with the view of ``others`` at the same route for requests with ``header``."""
    theirs = {str(other.pattern): other.callback for other in others}
    return [
        path(route, _by_header(header, theirs[route], pattern.callback)) if route in theirs else pattern
        for pattern in patterns
        for route in [str(pattern.pattern)]
    ]


def _by_header(header: str, theirs: Any, ours: Any) -> AsyncView:
    async def dispatch(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        view: AsyncView = theirs if header in request.headers else ours
        return await view(request, *args, **kwargs)

    dispatch.csrf_exempt = True  # type: ignore[attr-defined]
    for name in ("methods", "handlers"):
        setattr(dispatch, name, getattr(ours, name))
    return dispatch
