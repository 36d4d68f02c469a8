"""CORS: which web pages may call, and what a preflight is told (wire.md 2.15; defaults of Ollama's envconfig).

An Origin that isn't allowed is refused on the request itself, too: a browser sends a "simple" POST without asking.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from power_site.gate.refusal import Refusal

_LOOPBACK = ("localhost", "127.0.0.1", "0.0.0.0", "[::1]")  # noqa: S104 - an origin, not an address to bind
_APPS = ("app", "file", "tauri", "vscode-webview", "vscode-file")
_EXTENSIONS = ("chrome-extension", "moz-extension", "safari-web-extension", "safari-extension", "ms-browser-extension")
DEFAULT_ORIGINS = (
    *(f"{scheme}://{host}{port}" for scheme in ("http", "https") for host in _LOOPBACK for port in ("", ":*")),
    *(f"{scheme}://*" for scheme in _APPS + _EXTENSIONS),
)
ALLOWED_HEADERS = (
    *("authorization", "content-type", "user-agent", "accept", "x-requested-with", "x-request-id", "openai-beta"),
    *("x-api-key", "anthropic-version", "anthropic-beta", "anthropic-dangerous-direct-browser-access"),
    *("openai-organization", "openai-project"),
)
# What OpenAI's and Anthropic's SDKs add to each call in a browser: a family of names, so it is echoed, not listed.
_ALLOWED_FAMILY = "x-stainless-"
ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
PREFLIGHT_MAX_AGE_SECONDS = 12 * 3600

Headers = tuple[tuple[bytes, bytes], ...]

# What a page may read of an answer's headers, beyond the few that browsers let pass: what was ignored or cut is there.
_EXPOSED = (
    b"access-control-expose-headers",
    b"x-request-id, request-id, retry-after, x-power-ignored-options, x-power-truncated",
)


@dataclass(frozen=True)
class OriginRules:
    """``configured`` are patterns in which ``*`` stands for any run of an origin's characters."""

    configured: tuple[str, ...] = ()

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        patterns = [_pattern(origin) for origin in (*DEFAULT_ORIGINS, *self.configured)]
        return re.compile("|".join(patterns), re.IGNORECASE)

    def check(self, method: str, headers: Mapping[bytes, bytes]) -> Headers:
        """The CORS headers of the answer. Raises Refusal where the page that asks may not."""
        origin = headers.get(b"origin")
        if origin is None:
            _refuse_cross_site(method, headers)
            return ()
        text = origin.decode("latin1")
        if not (self._pattern.fullmatch(text) or _same_origin(text, headers.get(b"host", b"").decode("latin1"))):
            raise Refusal(403, "this origin is not allowed")
        return (b"access-control-allow-origin", origin), (b"vary", b"Origin"), _EXPOSED


def is_preflight(headers: Mapping[bytes, bytes]) -> bool:
    """Whether an OPTIONS is a browser's question before the real request."""
    return b"origin" in headers and b"access-control-request-method" in headers


def preflight_headers(headers: Mapping[bytes, bytes]) -> Headers:
    """What an allowed page may send."""
    asked = headers.get(b"access-control-request-headers", b"").decode("latin1").lower().split(",")
    family = {name.strip() for name in asked if re.fullmatch(rf"\s*{_ALLOWED_FAMILY}[a-z0-9-]+\s*", name)}
    answer: Headers = (
        (b"access-control-allow-methods", ALLOWED_METHODS.encode()),
        (b"access-control-allow-headers", ", ".join((*ALLOWED_HEADERS, *sorted(family))).encode()),
        (b"access-control-max-age", str(PREFLIGHT_MAX_AGE_SECONDS).encode()),
    )
    if headers.get(b"access-control-request-private-network") == b"true":
        answer += ((b"access-control-allow-private-network", b"true"),)
    return answer


def _refuse_cross_site(method: str, headers: Mapping[bytes, bytes]) -> None:
    """A browser that hides the Origin still says where a request comes from; a link to a page stays allowed."""
    if method not in {"GET", "HEAD"} and headers.get(b"sec-fetch-site") == b"cross-site":
        raise Refusal(403, "this origin is not allowed")


def _same_origin(origin: str, host: str) -> bool:
    scheme, separator, rest = origin.partition("://")
    return bool(separator) and scheme in {"http", "https"} and rest.lower() == host.lower()


def _pattern(origin: str) -> str:
    if origin == "*":
        return ".*"
    return r"[A-Za-z0-9._:\[\]-]*".join(map(re.escape, origin.split("*")))
