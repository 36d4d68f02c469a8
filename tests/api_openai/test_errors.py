"""api_openai.errors: the envelope, its types and codes, which the SDK turns into exceptions."""

from __future__ import annotations

import orjson
import pytest

from api_openai.errors import Fields, descriptor, error_response
from inference import errors as inference
from models_app import errors as catalog
from power_site import http


@pytest.mark.parametrize(
    ("error", "status", "type_", "param", "code"),
    [
        (http.BadRequest("n is bad", field="n"), 400, "invalid_request_error", "n", None),
        (http.MethodNotAllowed(["GET"]), 405, "invalid_request_error", None, "method_not_supported"),
        (inference.InvalidOption("top_k", "bad"), 400, "invalid_request_error", "top_k", None),
        (inference.ServerBusy(), 503, "server_error", None, "server_busy"),
        (inference.BackendNotAvailable(), 503, "server_error", None, "backend_not_available"),
        (inference.CircuitOpen(retry_after_seconds=3), 503, "server_error", None, "model_unavailable"),
        (inference.ModelTooLarge(required_bytes=2, available_bytes=1), 500, "server_error", None, "model_failed"),
        (catalog.ModelNotFound("x"), 404, "invalid_request_error", None, "model_not_found"),
        (catalog.InvalidModelName("x"), 400, "invalid_request_error", None, "invalid_model_name"),
        (http.DatabaseBusy(), 503, "server_error", None, "catalog_busy"),
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


def test_a_prompt_that_is_too_long_is_told_in_openais_words_under_the_endpoints_own_name() -> None:
    error = inference.PromptTooLong(n_prompt=9, n_ctx=4)
    told = orjson.loads(error_response(error, Fields(prompt="messages")).content)["error"]
    assert told["message"].startswith("This model's maximum context length is 4 tokens. However, your prompt")
    assert (told["code"], told["param"]) == ("context_length_exceeded", "messages")


def test_a_format_that_can_not_be_held_to_is_named_as_the_endpoint_names_it() -> None:
    error = inference.InvalidConstraint("json_schema", "unsupported")
    assert orjson.loads(error_response(error, Fields(format="response_format")).content)["error"]["param"] == (
        "response_format"
    )


def test_an_option_has_the_name_that_openais_requests_have_for_it() -> None:
    answer = error_response(inference.InvalidOption("num_predict", "bad"))
    assert orjson.loads(answer.content)["error"]["param"] == "max_tokens"


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
