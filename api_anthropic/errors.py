"""Anthropic's answers to errors: one table from classes to statuses; the type follows from the status."""

from __future__ import annotations

import math

from django.http import HttpResponse

from inference import errors as inference
from models_app import errors as catalog
from power_site import http
from power_site.gate.refusal import anthropic_body


class ThreadNotSupported(http.BadRequest):
    """The SDK's tool runner asks the server to hold the conversation; told this, it holds it itself."""

    details = {"error_code": "thread_unsupported_request", "unsupported": []}  # noqa: RUF012 - nobody writes to it

    def __init__(self) -> None:
        super().__init__("thread is not supported by this server", field="thread")


OVERLOADED = 529  # Anthropic's own: the SDK has an exception for it, and tries again
_STATUSES: dict[type[Exception], int] = {
    http.BadRequest: 400,
    http.MethodNotAllowed: 405,
    http.DatabaseBusy: 503,
    inference.InvalidRequest: 400,
    inference.BackendNotAvailable: 503,
    inference.ServerBusy: OVERLOADED,
    inference.ShuttingDown: 503,
    inference.RequestCancelled: 499,
    inference.CircuitOpen: 503,
    inference.InferenceError: 500,
    catalog.InvalidModelName: 400,
    catalog.ModelNotFound: 404,
    catalog.StoreBusy: 503,
    catalog.CatalogError: 500,
}
"""The nearest class wins: a subclass without a line of its own takes its base's."""


def error_body(error: Exception) -> bytes:
    """Also the data of a stream's last event, which the SDK raises on."""
    return _described(error)[1]


def error_response(error: Exception) -> HttpResponse:
    status, body = _described(error)
    response = HttpResponse(body, status=status, content_type=http.JSON)
    if status in (503, OVERLOADED):
        response["Retry-After"] = str(math.ceil(getattr(error, "retry_after_seconds", 1)))
    if isinstance(error, http.MethodNotAllowed):
        response["Allow"] = error.allowed
    return response


def _described(error: Exception) -> tuple[int, bytes]:
    status = next((_STATUSES[kind] for kind in type(error).__mro__ if kind in _STATUSES), None)
    if status is None:
        return 500, anthropic_body(500, http.unexpected_text(error))
    return status, anthropic_body(status, _message(error), details=getattr(error, "details", None))


def _message(error: Exception) -> str:
    if isinstance(error, inference.PromptTooLong):
        # The API's words: coding agents make their history shorter when they read them. One token is the answer's.
        return f"prompt is too long: {error.n_prompt} tokens > {error.n_ctx - 1} maximum"
    return str(error)
