"""Django without a thread for each request."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from power_site.handler import APIHandler, PathSwitch, error_response


class Body:
    """A streamed body that ends after ``n`` pieces, or waits for ever after them."""

    def __init__(self, n: int, *, ends: bool) -> None:
        self._left = n
        self._ends = ends
        self.n_closed = 0
        self.thread = ""

    def __aiter__(self) -> Body:
        return self

    async def __anext__(self) -> bytes:
        if self._left:
            self._left -= 1
            return b"piece"
        if not self._ends:
            await asyncio.Event().wait()
        raise StopAsyncIteration

    def close(self) -> None:
        self.n_closed += 1
        self.thread = threading.current_thread().name


body = Body(0, ends=True)


async def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(body)


async def whole(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.read() + b"!")


async def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("CANARY")


urlpatterns = [path("stream", stream), path("whole", whole), path("v1/broken/<name>", broken)]

Messages = list[dict[str, Any]]


class Client:
    """One request; ``leave()`` is the client closing its connection."""

    def __init__(self, target: str, content: bytes = b"") -> None:
        self.scope = {"type": "http", "method": "POST", "path": target, "query_string": b"", "headers": []}
        self.sent: Messages = []
        self.n_threads = 0
        self._content: bytes | None = content
        self._left = asyncio.Event()
        self.first_piece = asyncio.Event()

    def leave(self) -> None:
        self._left.set()

    async def receive(self) -> dict[str, Any]:
        if self._content is not None:
            content, self._content = self._content, None
            return {"type": "http.request", "body": content, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)
        self.n_threads = threading.active_count()
        if len(self.sent) == 2:
            self.first_piece.set()

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


@pytest.fixture
def handler(settings: Any) -> APIHandler:
    settings.ROOT_URLCONF = __name__
    return APIHandler()


@pytest.fixture
def streamed() -> Callable[..., Body]:
    def make(n: int, *, ends: bool) -> Body:
        global body
        body = Body(n, ends=ends)
        return body

    return make


async def test_a_whole_answer_has_its_length_and_its_route(handler: APIHandler) -> None:
    client = Client("/whole", b"hello")
    await handler(client.scope, client.receive, client.send)
    assert dict(client.sent[0]["headers"])[b"Content-Length"] == b"6"
    assert client.body == b"hello!"
    assert client.scope["power.route"] == "/whole"


async def test_a_stream_runs_without_a_thread_and_is_closed_on_the_loop(
    handler: APIHandler, streamed: Callable[..., Body]
) -> None:
    made = streamed(3, ends=True)
    client = Client("/stream")
    before = threading.active_count()
    await handler(client.scope, client.receive, client.send)
    assert client.body == b"piece" * 3
    assert client.n_threads == before
    assert made.n_closed >= 1
    assert made.thread == threading.current_thread().name


async def test_a_client_that_leaves_ends_its_stream_at_once(handler: APIHandler, streamed: Callable[..., Body]) -> None:
    made = streamed(1, ends=False)
    client = Client("/stream")
    running = asyncio.ensure_future(handler(client.scope, client.receive, client.send))
    await client.first_piece.wait()
    client.leave()
    await asyncio.wait_for(running, 5)
    assert made.n_closed >= 1


async def test_a_client_that_is_gone_before_its_body_arrives_costs_nothing(handler: APIHandler) -> None:
    client = Client("/whole")
    client._content = None
    client.leave()
    await handler(client.scope, client.receive, client.send)
    assert client.sent == []


async def test_a_view_that_fails_answers_in_its_wires_shape(handler: APIHandler) -> None:
    client = Client("/v1/broken/CANARY")
    await handler(client.scope, client.receive, client.send)
    assert client.sent[0]["status"] == 500
    assert orjson.loads(client.body)["error"]["message"].startswith("internal server error (request id ")
    assert b"CANARY" not in client.body


async def test_an_unknown_path_is_404(handler: APIHandler) -> None:
    client = Client("/nope")
    await handler(client.scope, client.receive, client.send)
    assert client.sent[0]["status"] == 404


@pytest.mark.parametrize(
    ("error", "status"),
    [(Http404(), 404), (OperationalError("database is locked"), 503), (OperationalError("no such table"), 500)],
)
def test_what_a_view_does_not_catch_has_its_status(error: Exception, status: int) -> None:
    response = error_response("/api/x", error)
    assert response.status_code == status
    assert ("Retry-After" in response) is (status == 503)


async def test_only_api_paths_take_the_handler_without_threads() -> None:
    seen: list[str] = []

    def app(name: str) -> Any:
        async def run(scope: Any, receive: Any, send: Any) -> None:
            seen.append(f"{name} {scope['path']}")

        return run

    switch = PathSwitch(app("api"), app("pages"))
    for target in ("/", "/api/chat", "/v1/models", "/health", "/metrics", "/admin/", "/static/x", "/nope"):
        await switch({"path": target}, app("x"), app("x"))
    assert [line.split()[0] for line in seen] == ["api"] * 5 + ["pages"] * 3
