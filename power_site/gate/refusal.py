"""A refusal in the shape of the wire that was called: ``/v1/messages`` in Anthropic's envelope, the rest of ``/v1`` in
OpenAI's, all else in Ollama's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from power_site import request_id

# What OpenAI says where no model was asked yet (platform.openai.com/docs/guides/error-codes).
_OPENAI_CODES = {404: "unknown_url", 405: "method_not_supported"}

# vLLM and llama-server have some of them at the root.
_OPENAI_PATHS = ("/v1/", "/rerank", "/tokenize", "/detokenize")

_ANTHROPIC_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


@dataclass(eq=False)  # not frozen: contextlib sets an exception's traceback
class Refusal(Exception):
    """Raised by the gate's rules. ``closes`` says that what is left of the request must not be read."""

    status: int
    message: str
    closes: bool = False
    headers: tuple[tuple[bytes, bytes], ...] = field(default=())


def error_body(path: str, status: int, message: str) -> bytes:
    """One line of JSON; status 500 carries nothing but what the caller put into ``message``."""
    if path != "/v1" and not path.startswith(_OPENAI_PATHS):
        return orjson.dumps({"error": message})
    if path == "/v1/messages" or path.startswith("/v1/messages/"):
        return anthropic_body(status, message)
    code = _OPENAI_CODES.get(status)
    return orjson.dumps({"error": {"message": message, "type": openai_type(status), "param": None, "code": code}})


def openai_type(status: int) -> str:
    """The ``type`` of OpenAI's envelope, which follows from the status; Ollama has names of its own for some."""
    if status == 429:
        return "rate_limit_error"
    return "invalid_request_error" if status < 500 else "server_error"


def anthropic_body(status: int, message: str, *, details: Mapping[str, Any] | None = None) -> bytes:
    """Anthropic's envelope. Its ``type`` follows from the status (platform.claude.com/docs/en/api/errors)."""
    fallback = "invalid_request_error" if status < 500 else "api_error"
    error: dict[str, Any] = {"type": _ANTHROPIC_TYPES.get(status, fallback), "message": message}
    error |= {"details": details} if details else {}
    return orjson.dumps({"type": "error", "error": error, "request_id": request_id.current()})


def internal_error_text(request_id: str) -> str:
    return f"internal server error (request id {request_id})"
