"""Ollama's routes at their edges: methods, unknown paths, slashes, and what Power says of accounts and clouds."""

from __future__ import annotations

import httpx2
import pytest
from django.urls import URLPattern

from api_ollama.urls import urlpatterns

# Ollama's own (GenerateRoutes in server/routes.go), as far as Power has them; and GET and DELETE of blobs, Power's own.
METHODS = {
    "version": "GET, HEAD",
    "status": "GET",
    "tags": "GET, HEAD",
    "ps": "GET",
    "show": "POST",
    "pull": "POST",
    "push": "POST",
    "copy": "POST",
    "delete": "DELETE",
    "me": "POST",
    "signout": "POST",
    "generate": "POST",
    "chat": "POST",
    "embed": "POST",
    "embeddings": "POST",
    "blobs/sha256:0": "DELETE, GET, HEAD, POST",
    "user/keys/abc": "DELETE",
    "experimental/web_search": "POST",
    "experimental/web_fetch": "POST",
    "experimental/model-recommendations": "GET",
}


def every_path() -> list[str]:
    """A path for each route of the wire, those of later issues too."""
    routes = [str(pattern.pattern) for pattern in urlpatterns if isinstance(pattern, URLPattern)]
    return ["/api/" + route.replace("<str:digest>", "sha256:0").replace("<str:key>", "abc") for route in routes]


@pytest.mark.parametrize("path", every_path())
async def test_a_wrong_method_is_405_with_a_sentence_and_what_is_allowed(api: httpx2.AsyncClient, path: str) -> None:
    for method in ("PUT", "PATCH", "TRACE", "BREW"):
        answer = await api.request(method, path)
        assert answer.status_code == 405
        assert answer.json() == {"error": "method not allowed"}
        assert answer.headers["Allow"]


@pytest.mark.parametrize(("path", "allowed"), METHODS.items())
async def test_the_allowed_methods_are_ollamas(api: httpx2.AsyncClient, path: str, allowed: str) -> None:
    assert (await api.put(f"/api/{path}")).headers["Allow"] == allowed


@pytest.mark.parametrize("path", ["/", "/api/version", "/api/tags"])
async def test_head_answers_as_get_does_without_a_body(api: httpx2.AsyncClient, path: str) -> None:
    got, head = await api.get(path), await api.head(path)
    assert (got.status_code, head.status_code) == (200, 200)
    assert head.headers["Content-Type"] == got.headers["Content-Type"]
    assert head.headers["Content-Length"] == str(len(got.content))


@pytest.mark.parametrize("path", ["/api/ps", "/api/status", "/api/chat"])
async def test_head_is_405_where_ollama_has_none(api: httpx2.AsyncClient, path: str) -> None:
    assert (await api.head(path)).status_code == 405


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/nowhere", "/api/tags//", "/api/tags/x", "/API/tags", "//api/tags"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_unknown_path_is_404_with_a_sentence(api: httpx2.AsyncClient, method: str, path: str) -> None:
    answer = await api.request(method, path)
    assert answer.status_code == 404
    assert answer.json() == {"error": "not found"}


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nowhere", "/v1/chat/completions/x"])
async def test_an_unknown_path_of_openais_is_404_in_openais_shape(api: httpx2.AsyncClient, path: str) -> None:
    answer = await api.post(path)
    assert answer.status_code == 404
    assert answer.json()["error"] == {
        "message": "not found",
        "type": "invalid_request_error",
        "param": None,
        "code": "unknown_url",
    }


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "/v1/models", "GET"), ("GET", "/v1/chat/completions", "POST"), ("PUT", "/v1/models/a/b:c", "DELETE, GET")],
)
async def test_a_wrong_method_of_openais_is_405_in_openais_shape(
    api: httpx2.AsyncClient, method: str, path: str, allowed: str
) -> None:
    answer = await api.request(method, path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
    assert answer.json()["error"]["message"] == "method not allowed"


@pytest.mark.parametrize(
    ("method", "path", "status", "location"),
    [
        ("GET", "/api/tags/", 301, "/api/tags"),
        ("HEAD", "/api/tags/", 307, "/api/tags"),
        ("GET", "/api/tags/?a=b%0d&c", 301, "/api/tags?a=b%0d&c"),
        ("POST", "/api/show/", 307, "/api/show"),
        ("DELETE", "/api/delete/", 307, "/api/delete"),
        ("POST", "/v1/chat/completions/", 307, "/v1/chat/completions"),
        ("HEAD", "/api/blobs/%3Cb%3E%3F%25/", 307, "/api/blobs/%3Cb%3E%3F%25"),
    ],
)
async def test_a_slash_too_many_is_redirected_as_gin_does(
    api: httpx2.AsyncClient, method: str, path: str, status: int, location: str
) -> None:
    answer = await api.request(method, path)
    assert (answer.status_code, answer.headers["Location"]) == (status, location)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/tags/"), ("GET", "/api/show/"), ("GET", "//evil.example/api/")]
)
async def test_a_slash_too_many_is_404_where_the_route_does_not_take_the_method(
    api: httpx2.AsyncClient, method: str, path: str
) -> None:
    answer = await api.request(method, path)
    assert answer.status_code == 404
    assert "Location" not in answer.headers


async def test_a_redirected_post_arrives_with_its_body(api: httpx2.AsyncClient) -> None:
    answer = await api.post("/api/show/", content=b'{"model":"nobody"}', follow_redirects=True)
    assert answer.status_code == 404
    assert answer.json() == {"error": "model 'nobody:latest' not found"}


@pytest.mark.parametrize(("name", "what"), [("web_search", "web search"), ("web_fetch", "web fetch")])
async def test_what_takes_ollamas_cloud_is_refused_in_its_words(api: httpx2.AsyncClient, name: str, what: str) -> None:
    answer = await api.post(f"/api/experimental/{name}", json={"query": "x"})
    assert answer.status_code == 403
    assert answer.json() == {"error": f"ollama cloud is disabled: {what} is unavailable"}
    empty = await api.post(f"/api/experimental/{name}")
    assert (empty.status_code, empty.json()) == (400, {"error": "missing request body"})


async def test_no_models_are_recommended(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/api/experimental/model-recommendations")
    assert answer.json() == {"recommendations": []}


async def test_the_cloud_is_off(api: httpx2.AsyncClient) -> None:
    assert (await api.get("/api/status")).json() == {"cloud": {"disabled": True, "source": "config"}}


@pytest.mark.parametrize(
    ("method", "path", "error"),
    [
        ("POST", "/api/me", "unauthorized"),
        ("POST", "/api/signout", "you are not currently signed in"),
        ("DELETE", "/api/user/keys/c3NoLWVk", "you are not currently signed in"),
    ],
)
async def test_nobody_is_signed_in_and_there_is_nowhere_to_sign_in(
    api: httpx2.AsyncClient, method: str, path: str, error: str
) -> None:
    answer = await api.request(method, path)
    assert answer.status_code == 401
    assert answer.json() == {"error": error}
