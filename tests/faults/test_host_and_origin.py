"""S8, S9, S13: DNS rebinding, cross-site requests, headers that lie; against a real server."""

from __future__ import annotations

import httpx2
import orjson
import pytest

from tests.live import LiveServer
from tests.raw_http import exchange, request

pytestmark = pytest.mark.slow

PATHS = ["/api/tags", "/metrics", "/admin/", "/v1/models", "/"]
WEBSOCKET = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAA=",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "hosts",
    [
        ["Host: evil.example"],
        ["Host: evil.localhost.example"],
        ["Host: 127.0.0.1.nip.io"],
        ["Host:"],
        ["Host: localhost", "Host: evil.example"],
        [],
    ],
)
def test_a_foreign_missing_or_doubled_host_gets_nothing(shared_server: LiveServer, path: str, hosts: list[str]) -> None:
    answer = exchange(shared_server, request("GET", path, *hosts))
    assert answer.status in {400, 403}
    assert b"tiny" not in answer.body
    assert "error" in orjson.loads(answer.body)


@pytest.mark.parametrize("host", ["localhost:11435", "127.0.0.1", "[::1]", "host.docker.internal:11435"])
def test_this_machines_own_names_are_answered(shared_server: LiveServer, host: str) -> None:
    assert exchange(shared_server, request("GET", "/api/tags", f"Host: {host}")).status == 200


@pytest.mark.parametrize("target", ["http://evil.example/api/tags", "http://localhost/api/tags", "evil.example:80"])
def test_an_absolute_target_that_would_outrank_the_host_is_refused(shared_server: LiveServer, target: str) -> None:
    answer = exchange(shared_server, request("GET", target, "Host: localhost"))
    assert answer.status == 400
    assert b"tiny" not in answer.body


def test_a_websocket_upgrade_gets_no_further_than_any_request(shared_server: LiveServer) -> None:
    answer = exchange(shared_server, request("GET", "/api/tags", "Host: evil.example", *WEBSOCKET))
    assert answer.status == 403


def test_a_foreign_page_learns_nothing_from_a_preflight(shared_server: LiveServer) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = httpx2.options(f"{shared_server.url}/api/chat", headers=headers)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "proof", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
@pytest.mark.parametrize("path", ["/api/delete", "/api/copy", "/api/chat", "/api/generate", "/v1/chat/completions"])
def test_a_simple_cross_site_post_changes_nothing(shared_server: LiveServer, path: str, proof: dict[str, str]) -> None:
    body = orjson.dumps({"model": "tiny", "source": "tiny", "destination": "stolen"})
    answer = httpx2.request(
        "DELETE" if path == "/api/delete" else "POST",
        f"{shared_server.url}{path}",
        content=body,
        headers={"Content-Type": "text/plain", **proof},
    )
    assert answer.status_code == 403
    names = [model["name"] for model in httpx2.get(f"{shared_server.url}/api/tags").json()["models"]]
    assert names == ["tiny:latest"]


def test_an_allowed_page_may_call_and_read_the_answer(shared_server: LiveServer) -> None:
    answer = httpx2.get(f"{shared_server.url}/api/tags", headers={"Origin": "http://localhost:3000"})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"


def test_a_configured_origin_is_allowed(start_server: object, shared_server: LiveServer) -> None:
    server = start_server(origins="https://chat.example")  # type: ignore[operator]
    for origin, status in (("https://chat.example", 200), ("https://evil.example", 403)):
        assert httpx2.get(f"{server.url}/api/tags", headers={"Origin": origin}).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (["X-A: 1"] * 1000, 431),
        (["X-A: " + "a" * 1_000_000], 431),
        (["X_Forwarded_For: 10.0.0.1"], 400),
        (["X_Power_User: admin"], 400),
    ],
)
def test_too_many_too_long_and_ambiguous_headers_are_refused(
    shared_server: LiveServer, headers: list[str], status: int
) -> None:
    answer = exchange(shared_server, request("GET", "/api/tags", "Host: localhost", *headers))
    # A client that is still sending when the server closes may lose the answer to a reset; it is refused either way.
    assert answer.status in ({status, 0} if status == 431 else {status})
    assert b"tiny" not in answer.body


def test_forwarded_headers_do_not_make_a_request_local(shared_server: LiveServer) -> None:
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "1.2.3.4", "Forwarded": "host=evil.example"}
    assert httpx2.get(f"{shared_server.url}/api/tags", headers=headers).status_code == 200
    answer = exchange(shared_server, request("GET", "/api/tags", "Host: evil.example", "X-Forwarded-Host: localhost"))
    assert answer.status == 403
