"""The id of the request in hand: taken from ``X-Request-ID`` where it is a plain token, made here otherwise."""

from __future__ import annotations

import re
import uuid
from contextvars import ContextVar

HEADER = b"x-request-id"
# Anthropic's SDKs read the second.
ANSWER_HEADERS = (HEADER, b"request-id")
_PLAIN = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_current: ContextVar[str] = ContextVar("power_request_id", default="-")


def current() -> str:
    """The id, or "-" outside a request. Any thread that runs in the request's context."""
    return _current.get()


def begin(header: bytes | None) -> str:
    """Take the client's id or make one, and make it the current one of this task."""
    given = header is not None and _PLAIN.fullmatch(header)
    request_id = header.decode("ascii") if header is not None and given else uuid.uuid4().hex
    _current.set(request_id)
    return request_id
