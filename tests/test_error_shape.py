"""The shape of errors on every route there is, read from the urlconf: one test for all wires.

``/v1/messages`` answers in Anthropic's envelope, the rest of ``/v1`` and what others have at the root in OpenAI's, all
else in Ollama's; each answer has the request's id in its headers.
"""

from __future__ import annotations

from typing import Any, NoReturn

import httpx2
import pytest
from django.http import HttpRequest
from django.urls import resolve

from inference.errors import ServerBusy
from power_site import conf
from power_site.openapi.document import routes
from power_site.openapi.operations import OPERATIONS

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# What a route with a parameter is asked for.
EXAMPLES = {"{digest}": "sha256:" + "0" * 64, "{name}": "team/nope:v1"}
NOPE = "nope:v1"
# Fields that let a request for any endpoint come as far as its model.
BODY: dict[str, Any] = {
    "model": NOPE,
    "messages": [{"role": "user", "content": "hi"}],
    "max_tokens": 5,
    "prompt": "hi",
    "input": "hi",
    "query": "hi",
    "documents": ["hi"],
    "tokens": [1],
}
ASKS_FOR_A_MODEL = {
    "/api/chat", "/api/embed", "/api/embeddings", "/api/generate", "/api/show", "/v1/chat/completions",
    "/v1/completions", "/v1/embeddings", "/v1/messages", "/v1/messages/count_tokens",
}  # fmt: skip


def path_of(route: str) -> str:
    for name, value in EXAMPLES.items():
        route = route.replace(name, value)
    return route.replace("{", "").replace("}", "")


ROUTES = [(path_of(path), methods) for path, methods in routes()]
POSTS = [(path, handlers["POST"]) for path, handlers in ROUTES if "POST" in handlers]
READ_JSON = [path for path, handler in POSTS if OPERATIONS[handler].body is not None]


def require_shape(answer: httpx2.Response, path: str, said: str = "") -> dict[str, Any]:
    """The parsed body."""
    where = f"{answer.request.method} {path}: {answer.status_code} {answer.text}"
    assert answer.status_code >= 400, where
    assert answer.headers["content-type"].startswith("application/json"), where
    assert answer.headers["x-request-id"], where
    body: dict[str, Any] = answer.json()
    if path.startswith("/v1/messages"):
        assert set(body) == {"type", "error", "request_id"}, where
        assert set(body["error"]) == {"type", "message"}, where
        assert (body["type"], body["request_id"]) == ("error", answer.headers["request-id"]), where
        told = body["error"]["message"]
    elif path.startswith(("/v1/", "/rerank", "/tokenize", "/detokenize")):
        assert set(body) == {"error"}, where
        assert set(body["error"]) == {"message", "type", "param", "code"}, where
        assert body["error"]["type"] == ("invalid_request_error" if answer.status_code < 500 else "server_error"), where
        told = body["error"]["message"]
    else:
        assert set(body) == {"error"}, where
        told = body["error"]
    assert isinstance(told, str), where
    assert told, where
    assert said in told, where
    return body


def test_there_are_routes_of_every_wire() -> None:
    paths = {path for path, _ in ROUTES}
    assert paths >= ASKS_FOR_A_MODEL | {"/", "/v1/models"}
    assert set(READ_JSON) >= ASKS_FOR_A_MODEL


async def test_a_method_that_a_route_does_not_have(api: httpx2.AsyncClient) -> None:
    for path, methods in ROUTES:
        for method in set(METHODS) - set(methods):
            answer = await api.request(method, path)
            require_shape(answer, path)
            assert (answer.status_code, set(answer.headers["allow"].split(", ")) >= set(methods)) == (405, True), path


async def test_a_path_that_nobody_has(api: httpx2.AsyncClient) -> None:
    for path in ("/api/nope", "/v1/nope", "/v1/messages/nope", "/v1/chat/completions/nope", "/v1"):
        answer = await api.post(path, json={})
        assert answer.status_code == 404
        if path != "/v1":
            require_shape(answer, path)


@pytest.mark.parametrize("sent", [b"{", b"", b"[]", b"\xff"])
async def test_a_body_that_is_no_object(api: httpx2.AsyncClient, sent: bytes) -> None:
    for path in READ_JSON:
        answer = await api.post(path, content=sent)
        require_shape(answer, path)
        assert answer.status_code == 400, path


async def test_a_body_that_is_too_large(api: httpx2.AsyncClient) -> None:
    too_large = str(max(conf.config().max_body_bytes, conf.config().max_media_body_bytes) * 10)
    for path, _ in POSTS:
        if not path.startswith("/api/blobs/"):  # files have no bound but the disk's
            answer = await api.post(path, headers={"Content-Length": too_large}, content=b"{")
            require_shape(answer, path, "too large")
            assert answer.status_code == 413, path


async def test_a_model_that_is_not_there(api: httpx2.AsyncClient) -> None:
    for path in sorted(ASKS_FOR_A_MODEL):
        answer = await api.post(path, json=BODY)
        body = require_shape(answer, path, "nope")
        assert answer.status_code == 404, path
        if path.startswith("/v1/") and not path.startswith("/v1/messages"):
            assert body["error"]["code"] == "model_not_found", path


@pytest.mark.parametrize(
    ("error", "status", "said"), [(ServerBusy(), 503, "busy"), (RuntimeError("a secret"), 500, "request id")]
)
async def test_a_server_that_is_busy_or_broken(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, said: str
) -> None:
    async def fail(request: HttpRequest, **kwargs: str) -> NoReturn:
        raise error

    for path, _ in ROUTES:
        handlers = getattr(resolve(path).func, "handlers", {})
        for method in set(handlers) - {"HEAD"}:
            with monkeypatch.context() as patch:
                patch.setitem(handlers, method, fail)
                answer = await api.request(method, path, json={})
            require_shape(answer, path, said)
            is_overload = status == 503 and path.startswith("/v1/messages")  # Anthropic has a number of its own for it
            assert answer.status_code == (529 if is_overload else status), path
            assert "secret" not in answer.text
            assert ("retry-after" in answer.headers) == (status == 503), path
