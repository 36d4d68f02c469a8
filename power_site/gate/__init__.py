"""The raw ASGI gate before Django: Host, Origin, sizes, the request's id, the access log.

It stands before Django because Django reads a whole body, into a temporary file, before its first check.
Everything runs on the event loop; no rule here touches the database.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from power_site import metrics, request_id
from power_site.conf import Config
from power_site.gate.answer import Answer
from power_site.gate.asgi_types import App, Receive, Scope, Send
from power_site.gate.bodies import BoundedBody, body_limit, check_length
from power_site.gate.headers import check_head
from power_site.gate.hosts import check_host
from power_site.gate.origins import OriginRules, is_preflight, preflight_headers
from power_site.gate.refusal import Refusal, error_body, internal_error_text

access_logger = logging.getLogger("power.access")
logger = logging.getLogger("power.gate")

ROUTE = "power.route"  # the key of the scope under which Django's handler leaves the route's template
_NOSNIFF = (b"x-content-type-options", b"nosniff")


class Gate:
    """Wraps the application; other than HTTP scopes (lifespan) go through untouched."""

    def __init__(self, app: App, config: Config) -> None:
        self._app = app
        self._config = config
        self._origins = OriginRules(config.origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        headers = dict(scope["headers"])
        name = request_id.begin(headers.get(request_id.HEADER))
        answer = Answer(send, (*((header, name.encode()) for header in request_id.ANSWER_HEADERS), _NOSNIFF))
        try:
            await self._admit(scope, headers, receive, answer)
        except Refusal as refusal:
            await _refuse(scope, answer, refusal)
        except Exception:
            logger.exception("a request failed")
            await _refuse(scope, answer, Refusal(500, internal_error_text(name), closes=True))
        finally:
            _record(scope, answer, time.perf_counter() - began, name)

    async def _admit(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, answer: Answer) -> None:
        self._check_head(scope)
        answer.headers += self._origins.check(scope["method"], headers)
        if scope["method"] == "OPTIONS":
            await answer.whole(204, b"", preflight_headers(headers) if is_preflight(headers) else ())
            return
        limit = body_limit(
            scope["method"],
            scope["path"],
            plain=self._config.max_body_bytes,
            media=self._config.max_media_body_bytes,
        )
        check_length(headers, limit)
        await self._app(scope, BoundedBody(receive, limit), answer)

    def _check_head(self, scope: Scope) -> None:
        check_head(scope["headers"], raw_path=scope.get("raw_path", b""), query=scope.get("query_string", b""))
        check_host(
            scope["headers"],
            http_version=scope["http_version"],
            listens_on=self._config.host,
            local_address=(scope.get("server") or ("",))[0],
        )


async def _refuse(scope: Scope, answer: Answer, refusal: Refusal) -> None:
    """The refusal, where nothing was sent yet; an answer that has begun is cut by the server when we return."""
    if answer.status:
        return
    closing: tuple[tuple[bytes, bytes], ...] = ((b"connection", b"close"),) if refusal.closes else ()
    body = error_body(scope["path"], refusal.status, refusal.message)
    await answer.whole(refusal.status, body, refusal.headers + closing)


def _record(scope: Scope, answer: Answer, seconds: float, name: str) -> None:
    """The log line and the metrics, at the last byte. The path is in neither: it may hold a model's name or worse."""
    route: Any = scope.get(ROUTE, "unmatched")
    status = answer.status or 499  # the client left before the answer began (nginx's number for it)
    metrics.http_request(scope["method"], route, status, seconds)
    access_logger.info(
        "method=%s route=%s status=%d ms=%.1f bytes=%d complete=%s request_id=%s",
        *(scope["method"], route, status, seconds * 1000, answer.n_bytes, str(answer.complete).lower(), name),
    )
