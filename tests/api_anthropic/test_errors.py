"""api_anthropic.errors: the envelope and its types, which the SDK turns into exceptions."""

from __future__ import annotations

import orjson
import pytest

from api_anthropic.errors import ThreadNotSupported, error_response
from inference import errors as inference
from models_app import errors as catalog
from power_site import http


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (http.BadRequest("n is bad", field="n"), 400, "invalid_request_error"),
        (http.MethodNotAllowed(["POST"]), 405, "invalid_request_error"),
        (inference.InvalidOption("top_k", "bad"), 400, "invalid_request_error"),
        (inference.NotSupported("no"), 400, "invalid_request_error"),
        (inference.ServerBusy(), 529, "overloaded_error"),
        (inference.ShuttingDown(), 503, "overloaded_error"),
        (inference.BackendNotAvailable(), 503, "overloaded_error"),
        (inference.CircuitOpen(retry_after_seconds=2.5), 503, "overloaded_error"),
        (inference.WorkerCrashed("killed"), 500, "api_error"),
        (inference.ModelTooLarge(required_bytes=2, available_bytes=1), 500, "api_error"),
        (catalog.ModelNotFound("x"), 404, "not_found_error"),
        (catalog.InvalidModelName("x"), 400, "invalid_request_error"),
        (http.DatabaseBusy(), 503, "overloaded_error"),
    ],
)
def test_each_class_has_its_status_and_type(error: Exception, status: int, kind: str) -> None:
    response = error_response(error)
    assert response.status_code == status
    body = orjson.loads(response.content)
    assert body == {"type": "error", "error": {"type": kind, "message": str(error)}, "request_id": body["request_id"]}
    assert ("Retry-After" in response) == (status in (503, 529))


def test_a_long_prompt_is_told_in_the_words_that_agents_look_for() -> None:
    body = orjson.loads(error_response(inference.PromptTooLong(n_prompt=4096, n_ctx=4096)).content)
    assert body["error"]["message"] == "prompt is too long: 4096 tokens > 4095 maximum"


def test_a_broken_circuit_says_when_to_come_back() -> None:
    assert error_response(inference.CircuitOpen(retry_after_seconds=2.5))["Retry-After"] == "3"


def test_an_unknown_error_tells_nothing() -> None:
    response = error_response(RuntimeError("/secret/path"))
    assert response.status_code == 500
    assert b"secret" not in response.content


def test_every_inference_error_has_a_status() -> None:
    kinds = [k for k in vars(inference).values() if isinstance(k, type) and issubclass(k, inference.InferenceError)]
    assert len(kinds) > 10
    for kind in kinds:
        error = kind.__new__(kind)
        vars(error).update({"n_prompt": 1, "n_ctx": 1, "retry_after_seconds": 1})
        assert b"internal server error" not in error_response(error).content


def test_a_thread_is_refused_with_the_code_on_which_the_sdk_goes_on_without() -> None:
    body = orjson.loads(error_response(ThreadNotSupported()).content)
    assert body["error"]["details"] == {"error_code": "thread_unsupported_request", "unsupported": []}
