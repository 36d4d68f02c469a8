"""A refusal in the shape of the wire that was called: ``/v1`` in OpenAI's envelope, all else in Ollama's."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson

_OPENAI_TYPES = {403: "permission_error", 404: "invalid_request_error", 500: "server_error", 503: "server_error"}


@dataclass(eq=False)  # not frozen: contextlib sets an exception's traceback
class Refusal(Exception):
    """Raised by the gate's rules. ``closes`` says that what is left of the request must not be read."""

    status: int
    message: str
    closes: bool = False
    headers: tuple[tuple[bytes, bytes], ...] = field(default=())


def error_body(path: str, status: int, message: str) -> bytes:
    """One line of JSON; status 500 carries nothing but what the caller put into ``message``."""
    if not path.startswith("/v1/"):
        return orjson.dumps({"error": message})
    kind = _OPENAI_TYPES.get(status, "invalid_request_error")
    return orjson.dumps({"error": {"message": message, "type": kind, "param": None, "code": None}})


def internal_error_text(request_id: str) -> str:
    return f"internal server error (request id {request_id})"
