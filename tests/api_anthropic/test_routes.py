"""Anthropic's routes at their edges, through the gate: shapes of errors, ids, and what a browser may send."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

PATHS = ("/v1/messages", "/v1/messages/count_tokens")
HELLO: dict[str, Any] = {"model": "nope", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}


def error_of(answer: httpx2.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["type"] == "error"
    assert set(body) == {"type", "error", "request_id"}
    assert set(body["error"]) == {"type", "message"}
    assert body["request_id"] == answer.headers["request-id"] == answer.headers["x-request-id"]
    return answer.status_code, body["error"]["type"]


@pytest.mark.parametrize("path", PATHS)
async def test_every_refusal_has_anthropics_shape(api: httpx2.AsyncClient, path: str) -> None:
    invalid, missing = (400, "invalid_request_error"), (404, "not_found_error")
    assert error_of(await api.post(path, json=HELLO)) == missing
    assert error_of(await api.post(path, content=b"{")) == invalid
    assert error_of(await api.post(path, json=[])) == invalid
    assert error_of(await api.post(path, json={**HELLO, "messages": []})) == invalid
    assert error_of(await api.get(path)) == (405, "invalid_request_error")
    assert error_of(await api.post(f"{path}/nothing", json=HELLO)) == missing


@pytest.mark.parametrize("path", PATHS)
async def test_what_the_gate_refuses_has_it_too(api: httpx2.AsyncClient, path: str) -> None:
    assert error_of(await api.post(path, headers={"Host": "evil.example"})) == (403, "permission_error")
    assert error_of(await api.post(path, headers={"Origin": "https://evil.example"})) == (403, "permission_error")
    huge = {"Content-Length": str(2**40)}
    assert error_of(await api.post(path, headers=huge, content=b"{}")) == (413, "request_too_large")


async def test_any_key_will_do_and_betas_are_taken(api: httpx2.AsyncClient) -> None:
    for headers in ({"x-api-key": "k"}, {"Authorization": "Bearer k"}, {}):
        sent = {**headers, "anthropic-version": "2023-06-01", "anthropic-beta": "interleaved-thinking-2025-05-14"}
        answer = await api.post("/v1/messages?beta=true", json=HELLO, headers=sent)
        assert error_of(answer) == (404, "not_found_error")


async def test_a_page_may_send_what_the_sdk_sends(api: httpx2.AsyncClient) -> None:
    wanted = "anthropic-version,anthropic-beta,x-api-key,anthropic-dangerous-direct-browser-access,content-type"
    answer = await api.options(
        "/v1/messages",
        headers={
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": f"{wanted},x-stainless-lang",
        },
    )
    allowed = {name.strip() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert {*wanted.split(","), "x-stainless-lang"} <= allowed
    assert "request-id" in answer.headers["access-control-expose-headers"]


async def test_what_is_refused_is_refused_before_the_model_is_looked_for(api: httpx2.AsyncClient) -> None:
    answer = await api.post("/v1/messages", json={**HELLO, "container": "c"})
    assert answer.json()["error"]["message"] == "container is not supported by this server"
