"""Ollama's answers to errors: one table from classes to statuses, and the body ``{"error": "<sentence>"}``."""

from __future__ import annotations

import math

import orjson
from django.http import HttpResponse

from inference import errors as inference
from models_app import errors as catalog
from power_site import http

_STATUSES: dict[type[Exception], int] = {
    http.BadRequest: 400,
    http.MethodNotAllowed: 405,
    http.DatabaseBusy: 503,
    inference.BackendNotAvailable: 503,
    inference.ServerBusy: 503,
    inference.ShuttingDown: 503,
    inference.RequestCancelled: 499,
    inference.InvalidRequest: 400,
    inference.CircuitOpen: 503,
    inference.InferenceError: 500,
    catalog.InvalidModelName: 400,
    catalog.InvalidDigest: 400,
    catalog.InvalidModelfile: 400,
    catalog.InvalidCreate: 400,
    catalog.InvalidSource: 400,
    catalog.ForbiddenHost: 400,
    catalog.ModelNotFound: 404,
    catalog.BlobNotFound: 404,
    catalog.BlobInUse: 409,
    catalog.UploadMismatch: 400,
    catalog.DestinationNotSupported: 501,
    catalog.NotEnoughSpace: 507,
    catalog.StoreBusy: 503,
    catalog.CatalogError: 500,
}
"""The nearest class wins: a subclass without a line of its own takes its base's."""


def error_status(error: Exception) -> int:
    return next((_STATUSES[kind] for kind in type(error).__mro__ if kind in _STATUSES), 500)


def error_body(error: Exception) -> bytes:
    """Also the last line of a stream. An error that no table knows is logged and not shown."""
    if not isinstance(error, tuple(_STATUSES)):
        return orjson.dumps({"error": http.unexpected_text(error)})
    return orjson.dumps({"error": str(error)})


def error_response(error: Exception) -> HttpResponse:
    status = error_status(error)
    response = HttpResponse(error_body(error), status=status, content_type=http.JSON)
    if status == 503:
        response["Retry-After"] = str(math.ceil(getattr(error, "retry_after_seconds", 1)))
    if isinstance(error, http.MethodNotAllowed):
        response["Allow"] = error.allowed
    return response
