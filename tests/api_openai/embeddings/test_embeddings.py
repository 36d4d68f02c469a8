"""/v1/embeddings over the fake engine, in the test's own process: forms of input, both encodings, refusals."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import httpx2
import msgspec
import numpy as np

from api_openai.embeddings.schema import EmbeddingList
from inference.engine.fake.embed import fake_vector
from inference.engine.fake.vocabulary import BOS, byte_tokens


def unit(tokens: list[int], dimensions: int | None = None) -> Any:
    vector = fake_vector(tokens)[:dimensions]
    return vector / np.linalg.norm(vector)


def tokens_of(text: str) -> list[int]:
    return [BOS, *byte_tokens(text)]


async def ask(client: httpx2.AsyncClient, **fields: Any) -> EmbeddingList:
    answer = await client.post("/v1/embeddings", json={"model": "embedder"} | fields)
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=EmbeddingList)


async def test_texts_become_vectors_in_order_also_by_a_model_that_generates(client: httpx2.AsyncClient) -> None:
    answer = await ask(client, model="tiny", input=["one", "two"], user="somebody")
    assert (answer.object, answer.model) == ("list", "tiny")
    assert [(one.object, one.index) for one in answer.data] == [("embedding", 0), ("embedding", 1)]
    expected = [unit(tokens_of(text)) for text in ("one", "two")]
    np.testing.assert_allclose([one.embedding for one in answer.data], expected, atol=1e-6)
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (8, 8)


async def test_each_form_of_input_is_taken(client: httpx2.AsyncClient) -> None:
    one, a = tokens_of("one"), tokens_of("a")
    for given, inputs in (("one", [one]), ([5, 6, 7], [[5, 6, 7]]), ([[5, 6], [8]], [[5, 6], [8]]), (["a"], [a])):
        answer = await ask(client, input=given)
        np.testing.assert_allclose([one.embedding for one in answer.data], [unit(each) for each in inputs], atol=1e-6)
        assert answer.usage.prompt_tokens == sum(map(len, inputs))


async def test_base64_holds_little_endian_float32(client: httpx2.AsyncClient) -> None:
    (one,) = (await ask(client, input="one", encoding_format="base64", dimensions=9)).data
    assert isinstance(one.embedding, str)
    np.testing.assert_allclose(np.frombuffer(b64decode(one.embedding), "<f4"), unit(tokens_of("one"), 9), atol=1e-6)


async def test_what_is_too_long_is_refused_unless_it_may_be_cut(client: httpx2.AsyncClient) -> None:
    fields = {"model": "embedder", "input": ["x" * 99, "y"], "options": {"nonsense": 1}, "rubbish": 1}
    refused = await client.post("/v1/embeddings", json=fields)
    assert refused.status_code == 400
    assert refused.json()["error"] == {
        "message": "This model's maximum context length is 64 tokens. However, your input has 100 tokens. "
        "Please reduce its length.",
        "type": "invalid_request_error",
        "param": "input",
        "code": "context_length_exceeded",
    }
    answer = await client.post("/v1/embeddings", json=fields | {"truncate": True})
    assert answer.json()["usage"]["prompt_tokens"] == 64 + 2
    assert answer.headers["X-Power-Truncated"] == "tokens=36, num_ctx=64"
    assert answer.headers["X-Power-Ignored-Options"] == "nonsense, rubbish"


async def test_a_refusal_is_openais(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/embeddings", json={"model": "embedder", "input": ["a", ""]})
    assert answer.status_code == 400
    error = {"type": "invalid_request_error", "param": "input", "code": None}
    assert answer.json()["error"] == error | {"message": "input cannot be an empty string"}


async def test_a_model_that_ranks_does_not_embed(client: httpx2.AsyncClient) -> None:
    for path in ("/v1/embeddings", "/api/embed"):
        answer = await client.post(path, json={"model": "ranker", "input": "a"})
        assert answer.status_code == 400
        assert "ranks texts and does not embed them" in answer.text
