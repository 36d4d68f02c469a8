"""The gate as a whole, around an application that a test writes."""

from __future__ import annotations

import logging
from typing import Any

import orjson
import pytest

from power_site.conf import Config, config
from power_site.gate import Gate


class Exchange:
    """One request through the gate; ``messages`` are what the server was given to send."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.reached = False

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.messages[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])


async def ask(
    app: Any = None, *, method: str = "GET", path: str = "/x", headers: dict[str, str] | None = None, extra: Any = ()
) -> Exchange:
    exchange = Exchange()
    pairs = [
        (name.lower().encode(), value.encode()) for name, value in ({"Host": "localhost"} | (headers or {})).items()
    ]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [*pairs, *extra],
        "server": ("127.0.0.1", 11435),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * 100, "more_body": False}

    async def send(message: Any) -> None:
        exchange.messages.append(dict(message))

    async def hello(scope: Any, receive: Any, send: Any) -> None:
        exchange.reached = True
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})

    await Gate(app or hello, config())(scope, receive, send)
    return exchange


async def test_every_answer_carries_a_request_id_the_clients_own_where_it_is_plain() -> None:
    assert (await ask(headers={"X-Request-ID": "abc-1"})).headers[b"x-request-id"] == b"abc-1"
    for bad in ("a b", "x" * 200, "<script>", ""):
        made = (await ask(headers={"X-Request-ID": bad})).headers[b"x-request-id"]
        assert len(made) == 32
    assert (await ask(headers={"Host": "evil.example"})).headers[b"x-request-id"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/tags", {"error": "this host is not allowed"}),
        (
            "/v1/models",
            {
                "error": {
                    "message": "this host is not allowed",
                    "type": "invalid_request_error",
                    "param": None,
                    "code": None,
                }
            },
        ),
    ],
)
async def test_a_refusal_has_the_shape_of_its_wire(path: str, expected: dict[str, Any]) -> None:
    exchange = await ask(path=path, headers={"Host": "evil.example"})
    assert (exchange.status, exchange.reached) == (403, False)
    assert orjson.loads(exchange.body) == expected


async def test_headers_beyond_the_limit_and_with_underscores_are_refused() -> None:
    assert (await ask(extra=[(b"x-a", b"1")] * 1000)).status == 431
    assert (await ask(extra=[(b"x_forwarded_for", b"1.2.3.4")])).status == 400
    assert (await ask(path="/" + "a" * 20_000)).status == 414
    assert (await ask(path="/api/%00")).status == 400


async def test_an_error_of_the_application_is_a_500_with_the_request_s_id_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("CANARY")

    exchange = await ask(broken, headers={"X-Request-ID": "id-1"})
    assert exchange.status == 500
    assert orjson.loads(exchange.body) == {"error": "internal server error (request id id-1)"}


async def test_an_error_after_the_answer_has_begun_leaves_the_cut_to_the_server() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    exchange = await ask(broken)
    assert [message["type"] for message in exchange.messages] == ["http.response.start"]


async def test_a_preflight_is_answered_by_the_gate_itself() -> None:
    headers = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
    exchange = await ask(method="OPTIONS", headers=headers)
    assert (exchange.status, exchange.body, exchange.reached) == (204, b"", False)
    assert exchange.headers[b"access-control-allow-origin"] == b"http://localhost:3000"
    refused = await ask(method="OPTIONS", headers=headers | {"Origin": "https://evil.example"})
    assert refused.status == 403
    assert b"access-control-allow-origin" not in refused.headers


async def test_any_other_options_is_answered_as_ollama_does() -> None:
    exchange = await ask(method="OPTIONS", path="/api/chat")
    assert (exchange.status, exchange.body, exchange.reached) == (204, b"", False)


async def test_the_access_log_names_the_route_and_never_the_path(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["power.route"] = "/v1/models/<path:name>"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"12345"})

    with caplog.at_level(logging.INFO, "power.access"):
        await ask(app, path="/v1/models/CANARY", headers={"X-Request-ID": "id-2"})
    line = caplog.records[-1].getMessage()
    assert line.startswith("method=GET route=/v1/models/<path:name> status=200 ms=")
    assert line.endswith("bytes=5 complete=true request_id=id-2")
    assert "CANARY" not in caplog.text


async def test_what_is_not_http_goes_through_untouched() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    await Gate(app, Config(home=config().home, data_dir=config().home, models_dir=config().home))(
        {"type": "lifespan"},
        lambda: None,
        lambda message: None,  # type: ignore[arg-type, return-value]
    )
    assert seen == ["lifespan"]
