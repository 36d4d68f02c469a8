"""OpenAI's answers to errors: one table from classes to (status, code), and the envelope around the message."""

from __future__ import annotations

import math
from typing import NamedTuple

import orjson
from django.http import HttpResponse

from inference import errors as inference
from models_app import errors as catalog
from power_site import http
from power_site.gate.refusal import openai_type


class Descriptor(NamedTuple):
    status: int
    code: str | None = None


_DESCRIPTORS: dict[type[Exception], Descriptor] = {
    http.BadRequest: Descriptor(400),
    http.MethodNotAllowed: Descriptor(405, "method_not_allowed"),
    http.DatabaseBusy: Descriptor(503, "catalog_busy"),
    inference.InvalidRequest: Descriptor(400),
    inference.PromptTooLong: Descriptor(400, "context_length_exceeded"),
    inference.InputTooLong: Descriptor(400, "context_length_exceeded"),
    inference.BackendNotAvailable: Descriptor(503, "backend_not_available"),
    inference.ServerBusy: Descriptor(503, "server_busy"),
    inference.ShuttingDown: Descriptor(503, "server_shutting_down"),
    inference.RequestCancelled: Descriptor(499, "request_canceled"),
    inference.CircuitOpen: Descriptor(503, "model_unavailable"),
    inference.ModelFailed: Descriptor(500, "model_failed"),
    inference.InferenceError: Descriptor(500),
    catalog.InvalidModelName: Descriptor(400, "invalid_model_name"),
    catalog.ModelNotFound: Descriptor(404, "model_not_found"),
    catalog.StoreBusy: Descriptor(503, "store_busy"),
    catalog.CatalogError: Descriptor(500),
}
"""The nearest class wins: a subclass without a line of its own takes its base's."""
_UNKNOWN = Descriptor(500, "internal_error")


def descriptor(error: Exception) -> Descriptor:
    return next((_DESCRIPTORS[kind] for kind in type(error).__mro__ if kind in _DESCRIPTORS), _UNKNOWN)


def error_body(error: Exception) -> bytes:
    """Also the last event of a stream, after which no ``[DONE]`` comes: the SDK raises APIError on it."""
    known = descriptor(error)
    message = http.unexpected_text(error) if known is _UNKNOWN else str(error)
    envelope = {"message": message, "type": openai_type(known.status), "param": _param(error), "code": known.code}
    return orjson.dumps({"error": envelope})


def error_response(error: Exception) -> HttpResponse:
    known = descriptor(error)
    response = HttpResponse(error_body(error), status=known.status, content_type=http.JSON)
    if known.status == 503:
        response["Retry-After"] = str(math.ceil(getattr(error, "retry_after_seconds", 1)))
    if isinstance(error, http.MethodNotAllowed):
        response["Allow"] = error.allowed
    return response


def _param(error: Exception) -> str | None:
    if isinstance(error, http.BadRequest):
        return error.field
    return error.option if isinstance(error, inference.InvalidOption) else None
