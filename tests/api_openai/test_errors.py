"""api_openai.errors: the envelope, its types and codes, which the SDK turns into exceptions."""

from __future__ import annotations

import orjson
import pytest

from api_openai.errors import descriptor, error_response
from inference import errors as inference
from models_app import errors as catalog
from power_site import http


@pytest.mark.parametrize(
    ("error", "status", "type_", "param", "code"),
    [
        (http.BadRequest("n is bad", field="n"), 400, "invalid_request_error", "n", None),
        (http.MethodNotAllowed(["GET"]), 405, "api_error", None, "method_not_allowed"),
        (inference.InvalidOption("top_k", "bad"), 400, "invalid_request_error", "top_k", None),
        (inference.PromptTooLong(n_prompt=9, n_ctx=4), 400, "invalid_request_error", None, "context_length_exceeded"),
        (inference.ServerBusy(), 503, "api_error", None, "server_busy"),
        (inference.BackendNotAvailable(), 503, "api_error", None, "backend_not_available"),
        (inference.CircuitOpen(retry_after_seconds=3), 503, "api_error", None, "model_unavailable"),
        (inference.ModelTooLarge(required_bytes=2, available_bytes=1), 500, "api_error", None, "model_failed"),
        (catalog.ModelNotFound("x"), 404, "not_found_error", None, "model_not_found"),
        (catalog.InvalidModelName("x"), 400, "invalid_request_error", None, "invalid_model_name"),
        (http.DatabaseBusy(), 503, "api_error", None, "catalog_busy"),
    ],
)
def test_each_class_has_its_status_type_and_code(
    error: Exception, status: int, type_: str, param: str | None, code: str | None
) -> None:
    response = error_response(error)
    assert response.status_code == status
    assert orjson.loads(response.content) == {
        "error": {"message": str(error), "type": type_, "param": param, "code": code}
    }


def test_503_says_when_to_come_back() -> None:
    assert error_response(inference.ServerBusy())["Retry-After"] == "1"


def test_an_unknown_error_tells_nothing() -> None:
    response = error_response(RuntimeError("/secret/path"))
    assert response.status_code == 500
    assert b"secret" not in response.content


def test_every_inference_error_is_in_the_table() -> None:
    kinds = [k for k in vars(inference).values() if isinstance(k, type) and issubclass(k, inference.InferenceError)]
    assert len(kinds) > 10
    assert all(descriptor(kind.__new__(kind)).code != "internal_error" for kind in kinds)
