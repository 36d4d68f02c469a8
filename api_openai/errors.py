"""OpenAI's answers to errors: one table from classes to (status, code), and the envelope around the message."""

from __future__ import annotations

import math
from typing import NamedTuple

import orjson
from django.http import HttpResponse

from api_openai.responses import refusals as responses
from inference import errors as inference
from models_app import errors as catalog
from power_site import http
from power_site.gate.refusal import openai_type


class Descriptor(NamedTuple):
    status: int
    code: str | None = None


class Fields(NamedTuple):
    """What an endpoint calls the prompt and the form of the answer: errors of the engine know neither."""

    prompt: str | None = None
    format: str | None = None


NO_FIELDS = Fields()
# Options by the names that OpenAI's requests have for them.
OPENAI_NAMES = {"num_predict": "max_tokens"}

_DESCRIPTORS: dict[type[Exception], Descriptor] = {
    http.BadRequest: Descriptor(400),
    responses.PreviousResponseNotFound: Descriptor(400, "previous_response_not_found"),
    responses.ResponseNotFound: Descriptor(404),
    http.MethodNotAllowed: Descriptor(405, "method_not_supported"),
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


def error_body(error: Exception, fields: Fields = NO_FIELDS) -> bytes:
    """Also the last event of a stream, after which no ``[DONE]`` comes: the SDK raises APIError on it."""
    known = descriptor(error)
    envelope = {
        "message": _message(error, known),
        "type": openai_type(known.status),
        "param": _param(error, fields),
        "code": known.code,
    }
    return orjson.dumps({"error": envelope})


def error_response(error: Exception, fields: Fields = NO_FIELDS) -> HttpResponse:
    known = descriptor(error)
    response = HttpResponse(error_body(error, fields), status=known.status, content_type=http.JSON)
    if known.status in (429, 503):
        response["Retry-After"] = str(math.ceil(getattr(error, "retry_after_seconds", 1)))
    if isinstance(error, http.MethodNotAllowed):
        response["Allow"] = error.allowed
    return response


def _message(error: Exception, known: Descriptor) -> str:
    if known is _UNKNOWN:
        return http.unexpected_text(error)
    if isinstance(error, inference.PromptTooLong):
        # OpenAI's words: agents look for them to know that they have to shorten the talk.
        return (
            f"This model's maximum context length is {error.n_ctx} tokens. However, your prompt resulted in "
            f"{error.n_prompt} tokens. Please reduce the length of the prompt."
        )
    if isinstance(error, inference.InputTooLong):
        return (
            f"This model's maximum context length is {error.n_ctx} tokens. However, your input has {error.n_input} "
            "tokens. Please reduce its length."
        )
    return str(error)


def _param(error: Exception, fields: Fields) -> str | None:
    match error:
        case http.BadRequest():
            return error.field
        case inference.InvalidOption():
            return OPENAI_NAMES.get(error.option, error.option)
        case inference.PromptTooLong() | inference.InputTooLong():
            return fields.prompt
        case inference.InvalidConstraint():
            return fields.format
    return None
