"""A path with a slash too many: the way to the route without it, as gin's RedirectTrailingSlash shows it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils.encoding import escape_uri_path


def slash_redirect(request: HttpRequest) -> HttpResponse | None:
    """301 for GET and 307 for the rest, which keeps method and body; None unless that route takes this method."""
    target = request.path[:-1]
    if not request.path.endswith("/") or target.endswith("/"):
        return None
    try:
        methods: frozenset[str] = getattr(resolve(target).func, "methods", frozenset())
    except Resolver404:
        return None
    if request.method not in methods:
        return None
    query = request.META.get("QUERY_STRING", "")
    location = escape_uri_path(target) + (f"?{query}" if query else "")
    return HttpResponse(status=301 if request.method == "GET" else 307, headers={"Location": location})
