"""/api/embed and /api/embeddings over the fake engine, in the test's own process: shapes, statuses and fields."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import numpy as np
import pytest
from asgiref.sync import sync_to_async

from api_ollama import responses
from inference.engine.fake.embed import fake_vector
from inference.engine.fake.vocabulary import BOS, byte_tokens
from models_app.services.pull import model_pull
from power_site import conf, metrics, runtime
from tests.gguf_files import write_tiny_gguf


@pytest.fixture
async def client(api: httpx2.AsyncClient, store: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """With the models ``tiny``, which generates, and ``embedder``, which does not."""
    conf.configure({"min_free_bytes": 0, "backend": "fake", "engine_host": "inline", "context_length": 64})
    for name, extra in (("tiny", {}), ("embedder", {"llama.pooling_type": 1})):
        path = write_tiny_gguf(store.parent / f"{name}.gguf", extra=extra)
        await sync_to_async(model_pull)(
            source=str(path), name=name, on_progress=lambda progress: None, cancelled=lambda: False
        )
    await runtime.start(conf.config())
    yield api
    await runtime.stop(drain_seconds=0)
    runtime.forget()


def unit(text: str) -> Any:
    vector = fake_vector([BOS, *byte_tokens(text)])
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("model", ["tiny", "embedder"])
async def test_texts_become_vectors_in_order(client: httpx2.AsyncClient, model: str) -> None:
    answer = await client.post("/api/embed", json={"model": model, "input": ["one", "two", ""]})
    assert answer.status_code == 200
    assert list(answer.json()) == [
        "model",
        "embeddings",
        "total_duration",
        "load_duration",
        "prompt_eval_count",
    ]
    body = msgspec.json.decode(answer.content, type=responses.EmbedResponse)
    assert (body.model, body.prompt_eval_count) == (model, 4 + 4 + 1)
    np.testing.assert_allclose(body.embeddings, [unit("one"), unit("two"), unit("")], atol=1e-6)
    assert b"\n" not in answer.content
    longest = max(re.findall(rb"\d+\.\d+", answer.content), key=len)
    assert len(longest) < 16, "no more digits than float32 has"
    assert f'a3s_power_tokens_total{{direction="input",model="{model}:latest"}}'.encode() in metrics.exposition()


async def test_one_text_is_a_list_of_one(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/embed", json={"MODEL": "embedder", "Input": "one", "dimensions": 9})
    (vector,) = answer.json()["embeddings"]
    np.testing.assert_allclose(vector, unit("one")[:9] / np.linalg.norm(unit("one")[:9]), atol=1e-6)


@pytest.mark.parametrize("given", [{}, {"input": ""}, {"input": []}, {"input": None}])
async def test_no_text_loads_the_model(client: httpx2.AsyncClient, given: dict[str, Any]) -> None:
    answer = await client.post("/api/embed", json={"model": "embedder"} | given)
    assert answer.json() == {"model": "embedder", "embeddings": []}
    assert [resident.name for resident in runtime.pool().residents()] == ["embedder:latest"]


async def test_keep_alive_zero_unloads_when_it_is_done(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/embed", json={"model": "embedder", "input": "a", "keep_alive": 0})
    assert answer.status_code == 200
    assert [resident.state for resident in runtime.pool().residents()] in ([], ["stopping"])


async def test_what_is_cut_is_told_and_what_may_not_be_is_refused(client: httpx2.AsyncClient) -> None:
    ask = {"model": "embedder", "input": ["x" * 99], "options": {"num_ctx": 32, "nonsense": 1}}
    answer = await client.post("/api/embed", json=ask)
    assert answer.json()["prompt_eval_count"] == 32
    assert answer.headers["X-Power-Truncated"] == "tokens=68, num_ctx=32"
    assert answer.headers["X-Power-Ignored-Options"] == "nonsense"
    refused = await client.post("/api/embed", json=ask | {"truncate": False})
    assert (refused.status_code, refused.json()) == (400, {"error": "the input length exceeds the context length"})


async def test_the_older_endpoint_answers_with_one_vector(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/embeddings", json={"model": "embedder", "prompt": "one"})
    body = msgspec.json.decode(answer.content, type=responses.EmbeddingsResponse)
    np.testing.assert_allclose(body.embedding, unit("one"), atol=1e-6)
    empty = await client.post("/api/embeddings", json={"model": "embedder"})
    assert empty.json() == {"embedding": []}
    long = await client.post("/api/embeddings", json={"model": "embedder", "prompt": "x" * 99})
    assert (long.status_code, long.json()) == (400, {"error": "the input length exceeds the context length"})


NOT_PULLED = 'model "nobody" not found, try pulling it first'


@pytest.mark.parametrize(
    ("path", "fields", "status", "error"),
    [
        ("embed", {"input": "a"}, 404, "model '' not found"),
        ("embeddings", {"prompt": "a"}, 400, "model is required"),
        ("embed", {"model": "nobody", "input": "a"}, 404, NOT_PULLED),
        ("embeddings", {"model": "nobody", "prompt": "a"}, 404, NOT_PULLED),
        ("embed", {"model": "no name", "input": "a"}, 400, "invalid model name"),
        ("embed", {"model": "tiny", "input": 1}, 400, "invalid input type"),
        ("embed", {"model": "tiny", "input": ["a", 1]}, 400, "invalid input type"),
        ("embed", {"model": "tiny", "input": {"a": 1}}, 400, "invalid input type"),
        ("embed", {"model": "tiny", "input": "a", "keep_alive": "10"}, 400, 'time: missing unit in duration "10"'),
    ],
)
async def test_what_is_refused_says_why(
    client: httpx2.AsyncClient, path: str, fields: dict[str, Any], status: int, error: str
) -> None:
    refused = await client.post(f"/api/{path}", json=fields)
    assert (refused.status_code, refused.json()) == (status, {"error": error})


async def test_a_model_that_only_embeds_answers_nothing(client: httpx2.AsyncClient) -> None:
    for path, act in (("chat", "chat"), ("generate", "generate")):
        ask = {"model": "embedder", "prompt": "hi", "messages": [{"role": "user", "content": "hi"}]}
        refused = await client.post(f"/api/{path}", json=ask)
        assert (refused.status_code, refused.json()) == (400, {"error": f'"embedder" does not support {act}'})
