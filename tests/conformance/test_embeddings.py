"""Embeddings by the real all-MiniLM-L6-v2, and by a model that generates, over real connections and Ollama's client."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import ollama
import pytest

from tests.conformance.conftest import MODEL
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.real_model, pytest.mark.timeout(300)]

EMBEDDER = "all-minilm"

# The README of sentence-transformers ("Embedding Models") prints these for all-MiniLM-L6-v2.
SENTENCES = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
SIMILARITIES = {(0, 1): 0.6660, (0, 2): 0.1046, (1, 2): 0.1411}
# [CLS] the weather is lovely today . [SEP] and so on: BERT's uncased vocabulary has each of these words.
N_TOKENS = 8 + 9 + 8


@pytest.fixture(scope="module")
def embedder(server: LiveServer, minilm_gguf: Path) -> Iterator[str]:
    server.add_model(minilm_gguf, EMBEDDER)
    yield EMBEDDER
    assert server.manage("rm", EMBEDDER).returncode == 0


@pytest.fixture
def embed(raw: httpx2.Client, embedder: str) -> Any:
    def post(*, path: str = "/api/embed", model: str = embedder, **fields: Any) -> httpx2.Response:
        return raw.post(path, json={"model": model} | fields)

    return post


def matrix(answer: httpx2.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return np.array(answer.json()["embeddings"])


def test_similarities_are_those_that_sentence_transformers_publishes(client: ollama.Client, embedder: str) -> None:
    answer = client.embed(embedder, SENTENCES)
    vectors = np.array(answer.embeddings)
    assert vectors.shape == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    found = {pair: float(vectors[pair[0]] @ vectors[pair[1]]) for pair in combinations(range(3), 2)}
    assert found == pytest.approx(SIMILARITIES, abs=0.01)
    assert answer.prompt_eval_count == N_TOKENS
    assert answer.model == embedder
    assert answer.total_duration
    assert answer.load_duration
    assert answer.total_duration > answer.load_duration > 0


def test_many_come_back_in_order_as_if_each_were_alone(embed: Any) -> None:
    texts = [f"{SENTENCES[i % 3]} {'And more of it. ' * (i % 11)}{i}" for i in range(120)]
    together = matrix(embed(input=texts))
    for index in (0, 7, 59, 119):
        alone = matrix(embed(input=texts[index]))[0]
        assert together[index] @ alone == pytest.approx(1, abs=1e-4)
        assert np.argmax(together @ alone) == index


def test_the_answer_is_the_same_again(embed: Any) -> None:
    first, second = (matrix(embed(input=SENTENCES)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_dimensions_cut_the_vector_and_make_it_one_long_again(embed: Any) -> None:
    whole, cut = matrix(embed(input=SENTENCES)), matrix(embed(input=SENTENCES, dimensions=64))
    assert cut.shape == (3, 64)
    expected = whole[:, :64] / np.linalg.norm(whole[:, :64], axis=1, keepdims=True)
    np.testing.assert_allclose(cut, expected, atol=1e-5)
    for dimensions in (0, -1, 384, 4000):
        np.testing.assert_array_equal(matrix(embed(input=SENTENCES, dimensions=dimensions)), whole)


def test_what_is_too_long_is_cut_and_said(embed: Any) -> None:
    long = "word " * 600
    answer = embed(input=[long, "short"])
    assert answer.json()["prompt_eval_count"] == 512 + 3
    assert answer.headers["X-Power-Truncated"] == "tokens=90, num_ctx=512"
    same = embed(input="word " * 510)
    np.testing.assert_allclose(matrix(answer)[0], matrix(same)[0], atol=1e-3)
    assert "X-Power-Truncated" not in same.headers


def test_without_truncation_what_is_too_long_is_refused(embed: Any) -> None:
    refused = embed(input=["short", "word " * 600], truncate=False)
    assert (refused.status_code, refused.json()) == (400, {"error": "the input length exceeds the context length"})
    assert embed(input="word " * 510, truncate=False).status_code == 200
    shorter = embed(input="word " * 20, truncate=False, options={"num_ctx": 16})
    assert shorter.status_code == 400


@pytest.mark.parametrize("given", [{}, {"input": ""}, {"input": []}, {"input": None}])
def test_nothing_to_embed_loads_the_model(embed: Any, raw: httpx2.Client, given: dict[str, Any]) -> None:
    answer = embed(**given, keep_alive=100)
    assert answer.json() == {"model": EMBEDDER, "embeddings": []}
    assert f"{EMBEDDER}:latest" in [each["name"] for each in raw.get("/api/ps").json()["models"]]


def test_an_empty_text_in_a_list_is_a_text(embed: Any) -> None:
    answer = embed(input=["", "a"])
    assert matrix(answer).shape == (2, 384)
    assert answer.json()["prompt_eval_count"] == 2 + 3


@pytest.mark.parametrize("given", [1, {"a": 1}, ["a", 1], [["a"]], True])
def test_inputs_of_other_types_are_refused(embed: Any, given: Any) -> None:
    refused = embed(input=given)
    assert (refused.status_code, refused.json()) == (400, {"error": "invalid input type"})


def test_names_that_lead_nowhere(embed: Any) -> None:
    unknown = {"error": 'model "nobody" not found, try pulling it first'}
    for path in ("/api/embed", "/api/embeddings"):
        answer = embed(path=path, model="nobody", input="a", prompt="a")
        assert (answer.status_code, answer.json()) == (404, unknown)
        assert embed(path=path, model="not a name", input="a").json() == {"error": "invalid model name"}
    empty = embed(model="", input="a")
    assert (empty.status_code, empty.json()) == (404, {"error": "model '' not found"})
    empty = embed(path="/api/embeddings", model="", prompt="a")
    assert (empty.status_code, empty.json()) == (400, {"error": "model is required"})


def test_the_older_endpoint_gives_one_vector(embed: Any, client: ollama.Client) -> None:
    (new,) = matrix(embed(input=SENTENCES[0]))
    old = client.embeddings(EMBEDDER, SENTENCES[0])
    np.testing.assert_allclose(old.embedding, new, atol=1e-6)
    assert embed(path="/api/embeddings", prompt="").json() == {"embedding": []}
    long = embed(path="/api/embeddings", prompt="word " * 600)
    assert long.json() == {"error": "the input length exceeds the context length"}


def test_it_neither_chats_nor_generates(raw: httpx2.Client, embedder: str) -> None:
    for path, body, act in (
        ("/api/chat", {"messages": [{"role": "user", "content": "hi"}]}, "chat"),
        ("/api/generate", {"prompt": "hi"}, "generate"),
    ):
        refused = raw.post(path, json={"model": embedder} | body)
        assert (refused.status_code, refused.json()) == (400, {"error": f'"{embedder}" does not support {act}'})


def test_show_and_the_list_know_what_it_is(raw: httpx2.Client, embedder: str) -> None:
    shown = raw.post("/api/show", json={"model": embedder}).json()
    assert shown["capabilities"] == ["embedding"]
    assert shown["model_info"]["bert.pooling_type"] == 1
    (listed,) = [each for each in raw.get("/api/tags").json()["models"] if each["name"] == f"{embedder}:latest"]
    details = listed["details"]
    assert (details["family"], details["quantization_level"], details["parameter_size"]) == ("bert", "F16", "22.57M")
    assert (details["context_length"], details["embedding_length"]) == (512, 384)


def test_a_model_that_generates_embeds_too(embed: Any, raw: httpx2.Client) -> None:
    answer = embed(model=MODEL, input=[*SENTENCES, "word " * 400])
    vectors = matrix(answer)
    assert vectors.shape == (4, 576)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    assert answer.json()["prompt_eval_count"] > 400
    resident = [each["name"] for each in raw.get("/api/ps").json()["models"]]
    assert resident.count(MODEL) == 1


def test_embeddings_do_not_disturb_a_running_chat(embed: Any, raw: httpx2.Client) -> None:
    body = {"model": MODEL, "prompt": "Tell a long story.", "stream": False}
    body["options"] = {"num_predict": 60, "temperature": 0, "seed": 1}
    alone = raw.post("/api/generate", json=body).json()
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            assert embed(model=MODEL, input=SENTENCES).status_code == 200

    thread = threading.Thread(target=work)
    thread.start()
    try:
        time.sleep(0.5)
        beside = raw.post("/api/generate", json=body).json()
    finally:
        ended.set()
        thread.join()
    assert beside["response"] == alone["response"]
    print(f"time per token {beside['eval_duration'] / alone['eval_duration']:.2f} of what it is alone")
