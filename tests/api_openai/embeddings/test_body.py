"""A request for embeddings: what is taken, and which field is named where it is not."""

from __future__ import annotations

from typing import Any

import pytest

from api_openai.embeddings.body import EmbeddingsBody
from inference.spec import ModelSpec
from models_app.entries import ServedModel
from models_app.naming import ModelName
from power_site.http import BadRequest, convert

SPEC = ModelSpec(
    name="m", digest="0" * 64, model_path="", size_bytes=0, n_ctx_train=0, kv_bytes_per_token=0, n_vocab=100, n_embd=64
)
SERVED = ServedModel(name=ModelName.parse("m"), spec=SPEC)


def read(**fields: Any) -> tuple[Any, ...]:
    body = convert({"model": "m"} | fields, EmbeddingsBody)
    body.keep_alive_seconds()
    return body.inputs(n_vocab=SPEC.n_vocab), body.dimensions_of(SERVED), body.wants_base64


@pytest.mark.parametrize(
    ("given", "inputs"),
    [("a", ("a",)), (["a", "b"], ("a", "b")), ([1, 99], ((1, 99),)), ([[1], [2, 3]], ((1,), (2, 3))),
     (["a", [1]], ("a", (1,))), (["a"] * 2048, ("a",) * 2048), ([7] * 3000, ((7,) * 3000,))],
)  # fmt: skip
def test_texts_and_tokens_are_inputs(given: Any, inputs: tuple[Any, ...]) -> None:
    assert read(input=given) == (inputs, 0, False)


def test_dimensions_and_encoding_are_read() -> None:
    assert read(input="a", dimensions=64, encoding_format="BASE64") == (("a",), 64, True)


@pytest.mark.parametrize(
    ("fields", "param"),
    [({}, "input"), ({"input": ""}, "input"), ({"input": []}, "input"), ({"input": ["a", ""]}, "input"),
     ({"input": [[]]}, "input"), ({"input": ["a", 1]}, "input"), ({"input": [1, "a"]}, "input"),
     ({"input": [True]}, "input"), ({"input": [100]}, "input"), ({"input": [-1]}, "input"), ({"input": 1.5}, "input"),
     ({"input": {"a": 1}}, "input"), ({"input": ["a"] * 2049}, "input"),
     ({"input": "a", "encoding_format": "int8"}, "encoding_format"), ({"input": "a", "dimensions": 0}, "dimensions"),
     ({"input": "a", "dimensions": 65}, "dimensions"), ({"input": "a", "dimensions": "9"}, "dimensions"),
     ({"input": "a", "user": 1}, "user"), ({"input": "a", "model": ""}, "model"),
     ({"input": "a", "keep_alive": "10"}, "keep_alive"), ({"input": "a", "truncate": "yes"}, "truncate")],
)  # fmt: skip
def test_what_is_refused_names_its_field(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(**fields)
    assert caught.value.field == param
