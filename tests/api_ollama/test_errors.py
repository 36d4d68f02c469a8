"""api_ollama.errors: every error class has a status, and a message that is Ollama's."""

from __future__ import annotations

import orjson
import pytest

from api_ollama.errors import error_response, error_status
from inference import errors as inference
from models_app import errors as catalog
from power_site import http


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (http.BadRequest("missing request body"), 400, "missing request body"),
        (http.MethodNotAllowed(["GET"]), 405, "method not allowed"),
        (http.DatabaseBusy(), 503, "the catalog is busy, please try again"),
        (inference.InvalidOption("top_k", 'option "top_k" must be of type integer'), 400, None),
        (inference.PromptTooLong(n_prompt=9, n_ctx=4), 400, None),
        (inference.ServerBusy(), 503, "server busy, please try again.  maximum pending requests exceeded"),
        (inference.ShuttingDown(), 503, None),
        (inference.BackendNotAvailable(), 503, None),
        (inference.CircuitOpen(retry_after_seconds=12.3), 503, None),
        (inference.WorkerCrashed("SIGSEGV"), 500, "model runner has unexpectedly stopped: SIGSEGV"),
        (inference.ModelTooLarge(required_bytes=2**31, available_bytes=2**30), 500, None),
        (inference.RequestCancelled(), 499, "request canceled"),
        (catalog.ModelNotFound("x"), 404, "model 'x' not found"),
        (catalog.InvalidModelName("../x"), 400, "invalid model name"),
        (catalog.InvalidDigest(), 400, "invalid digest format"),
    ],
)
def test_each_class_has_its_status_and_the_body_is_one_sentence(
    error: Exception, status: int, text: str | None
) -> None:
    response = error_response(error)
    assert response.status_code == status
    assert response.content.startswith(b'{"error":"')
    assert b"\n" not in response.content
    if text is not None:
        assert response.content == orjson.dumps({"error": text})


def test_503_says_when_to_come_back() -> None:
    assert error_response(inference.ServerBusy())["Retry-After"] == "1"
    assert error_response(inference.CircuitOpen(retry_after_seconds=12.3))["Retry-After"] == "13"


def test_405_names_what_is_allowed() -> None:
    assert error_response(http.MethodNotAllowed(["POST", "GET"]))["Allow"] == "GET, POST"


def test_an_unknown_error_is_a_500_that_tells_nothing() -> None:
    response = error_response(RuntimeError("/secret/path"))
    assert response.status_code == 500
    assert b"secret" not in response.content


def test_every_error_of_both_trees_is_in_the_table() -> None:
    for module, base in ((inference, inference.InferenceError), (catalog, catalog.CatalogError)):
        kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, base)]
        assert len(kinds) > 10
        for kind in kinds:
            assert 400 <= error_status(kind.__new__(kind)) < 600
