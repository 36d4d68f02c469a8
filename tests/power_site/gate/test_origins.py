"""Which web pages may call."""

from __future__ import annotations

import pytest

from power_site.gate.origins import OriginRules, is_preflight, preflight_headers
from power_site.gate.refusal import Refusal


def check(origin: str, *, rules: OriginRules | None = None, host: str = "localhost:11435") -> dict[bytes, bytes]:
    headers = {b"origin": origin.encode("latin1"), b"host": host.encode()}
    return dict((rules or OriginRules()).check("POST", headers))


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost",
        "http://localhost:3000",
        "https://127.0.0.1:8443",
        "http://0.0.0.0:1",
        "http://[::1]:5173",
        "app://obsidian.md",
        "file://",
        "tauri://localhost",
        "vscode-webview://0f1e-2d3c",
        "chrome-extension://abcdef",
        "moz-extension://123e4567-e89b",
    ],
)
def test_loopback_pages_and_desktop_apps_may_call(origin: str) -> None:
    answer = check(origin)
    assert answer[b"access-control-allow-origin"] == origin.encode()
    assert answer[b"vary"] == b"Origin"
    exposed = answer[b"access-control-expose-headers"].split(b", ")
    assert {b"retry-after", b"x-request-id", b"x-power-ignored-options", b"x-power-truncated"} < set(exposed)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
        "http://localhost:3000@evil.example",
        "http://localhost/evil",
        "http://evil.example#http://localhost",
        "javascript://localhost",
        "",
        "http://127.0.0.1.nip.io",
    ],
)
def test_any_other_page_is_refused(origin: str) -> None:
    with pytest.raises(Refusal) as caught:
        check(origin)
    assert caught.value.status == 403


def test_a_page_of_the_server_itself_may_call_under_any_name_of_it() -> None:
    assert check("http://power.lan:11435", host="power.lan:11435")
    with pytest.raises(Refusal):
        check("http://power.lan:8000", host="power.lan:11435")


def test_configured_origins_add_to_the_defaults_and_may_hold_wildcards() -> None:
    rules = OriginRules(("https://chat.example", "http://*.lan:*"))
    for origin in ("https://chat.example", "http://nas.lan:8080", "http://localhost"):
        assert check(origin, rules=rules)
    for origin in ("https://chat.example.evil", "http://nas.lan", "http://evil.example/x.lan:1", "null"):
        with pytest.raises(Refusal):
            check(origin, rules=rules)


def test_null_and_every_origin_must_be_asked_for_by_name() -> None:
    assert check("null", rules=OriginRules(("null",)))
    assert check("https://evil.example", rules=OriginRules(("*",)))


def test_a_browser_that_hides_its_origin_is_known_by_its_fetch_metadata() -> None:
    with pytest.raises(Refusal):
        OriginRules().check("POST", {b"sec-fetch-site": b"cross-site"})
    assert OriginRules().check("GET", {b"sec-fetch-site": b"cross-site"}) == ()
    assert OriginRules().check("POST", {b"sec-fetch-site": b"same-origin"}) == ()
    assert OriginRules().check("POST", {}) == ()


def test_a_preflight_lists_the_headers_of_every_sdk() -> None:
    asked = b"Content-Type, X-Stainless-Lang, x-stainless-retry-count, x-evil"
    answer = dict(preflight_headers({b"access-control-request-headers": asked}))
    allowed = set(answer[b"access-control-allow-headers"].decode().split(", "))
    assert {"authorization", "content-type", "x-api-key", "anthropic-version", "anthropic-beta"} <= allowed
    assert {"x-stainless-lang", "x-stainless-retry-count"} <= allowed
    assert "x-evil" not in allowed
    assert "DELETE" in answer[b"access-control-allow-methods"].decode()


def test_only_a_page_that_asks_for_a_method_sends_a_preflight() -> None:
    asking = {b"origin": b"http://localhost", b"access-control-request-method": b"POST"}
    assert is_preflight(asking)
    assert not is_preflight({b"origin": b"http://localhost"})
