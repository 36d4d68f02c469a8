"""What a wire says of each of its handlers; the rest of the document follows from the routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http.response import HttpResponseBase

JSON = "application/json"
FORM = "multipart/form-data"
NDJSON = "application/x-ndjson"
SSE = "text/event-stream"
TEXT = "text/plain"
BINARY = "application/octet-stream"

Handler = Callable[..., Awaitable[HttpResponseBase] | HttpResponseBase]
Content = Mapping[str, tuple[type, ...]]
"""Media type → the types that a body of it, or a line or event of it, may be; none: bytes or text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """``body`` is the msgspec Struct that the view decodes out of a ``body_type``, or None; ``statuses`` are answers
    beside the errors.

    ``error`` is the shape of every answer that is not listed. ``headers`` are response headers with a sentence each;
    ``query`` has the JSON schema of each query parameter, all of which may be left out.
    """

    summary: str
    tag: str
    error: type
    body: type | None = None
    body_type: str = JSON
    binary_body: bool = False
    statuses: Mapping[int, Content] = field(default_factory=lambda: {200: {}})
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def types(self) -> tuple[type, ...]:
        contents = [types for content in self.statuses.values() for types in content.values()]
        return (self.error, *([self.body] if self.body else []), *(one for types in contents for one in types))


def whole(answer: type) -> Content:
    return {JSON: (answer,)}


def streamed(answer: type, line: type, error: type, *, by_default: str = NDJSON) -> Content:
    """A whole answer, or lines of which the last may be an error; as events where ``Accept`` asks for them."""
    return {JSON: (answer,), by_default: (line, error), SSE: (line, error)}
