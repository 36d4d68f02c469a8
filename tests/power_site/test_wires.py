"""power_site.wires: one path, two wires, and a header that tells which of them is meant."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory
from django.urls import path

from power_site.http import AsyncView, endpoint
from power_site.wires import beside


def view(name: str, *methods: str) -> AsyncView:
    async def answer(request: HttpRequest, **kwargs: str) -> HttpResponseBase:
        return HttpResponse(" ".join([name, *kwargs.values()]))

    return endpoint(lambda error: HttpResponse(f"{name}: {error}", status=405), **dict.fromkeys(methods, answer))


OURS = [path("models/<path:name>", view("ours", "GET", "DELETE")), path("chat", view("chat", "POST"))]
THEIRS = [path("models/<path:name>", view("theirs", "GET"))]


async def said(method: str, **headers: str) -> str:
    shared, _ = beside(OURS, THEIRS, header="x-version")
    request = RequestFactory(headers=headers).generic(method, "/models/a/b")
    response = await shared.callback(request, name="a/b")
    return str(response.content.decode())


async def test_a_header_says_whose_view_answers() -> None:
    assert await said("GET") == "ours a/b"
    assert await said("GET", **{"X-Version": "1"}) == "theirs a/b"


async def test_what_theirs_can_not_do_is_refused_in_their_words() -> None:
    assert await said("DELETE") == "ours a/b"
    assert await said("DELETE", **{"X-Version": "1"}) == "theirs: method not allowed"


def test_other_routes_and_the_document_see_ours() -> None:
    shared, alone = beside(OURS, THEIRS, header="x-version")
    assert alone is OURS[1]
    assert shared.callback.methods == OURS[0].callback.methods  # type: ignore[attr-defined]
    assert shared.callback.handlers == OURS[0].callback.handlers  # type: ignore[attr-defined]
