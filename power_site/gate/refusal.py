"""A refusal in the shape of the wire that was called: ``/v1`` in OpenAI's envelope, all else in Ollama's."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson

_OPENAI_TYPES = {400: "invalid_request_error", 404: "not_found_error"}


@dataclass(eq=False)  # not frozen: contextlib sets an exception's traceback
class Refusal(Exception):
    """Raised by the gate's rules. ``closes`` says that what is left of the request must not be read."""

    status: int
    message: str
    closes: bool = False
    headers: tuple[tuple[bytes, bytes], ...] = field(default=())


def error_body(path: str, status: int, message: str) -> bytes:
    """One line of JSON; status 500 carries nothing but what the caller put into ``message``."""
    if path != "/v1" and not path.startswith("/v1/"):
        return orjson.dumps({"error": message})
    return orjson.dumps({"error": {"message": message, "type": openai_type(status), "param": None, "code": None}})


def openai_type(status: int) -> str:
    """The ``type`` of OpenAI's envelope, which follows from the status (Ollama's openai/openai.go, NewError)."""
    return _OPENAI_TYPES.get(status, "api_error")


def internal_error_text(request_id: str) -> str:
    return f"internal server error (request id {request_id})"
