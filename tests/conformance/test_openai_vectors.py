"""OpenAI's SDK for what is not a chat: embeddings by the real all-MiniLM-L6-v2, the list of models, and sound by a
generated model that hears; reranking, which the SDK has no method for, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import openai
import pytest

from tests.conformance.conftest import MODEL
from tests.conformance.test_embeddings import N_TOKENS, SENTENCES, SIMILARITIES
from tests.live import LiveServer
from tests.pictures import in_base64, picture, wav
from tests.rank_files import write_tiny_bert_ranker
from tests.seeing import create_seeing

pytestmark = [pytest.mark.slow, pytest.mark.real_model, pytest.mark.timeout(300)]

EMBEDDER = "vectors/minilm:of-its-own"
RANKER = "vectors/ranker"
EAR = "vectors/ear"
SPEECH = ("speech.wav", wav(seconds=1.0))
# [CLS] the weather is lovely today . [SEP] in BERT's uncased vocabulary.
TOKENS = [101, 1996, 4633, 2003, 8403, 2651, 1012, 102]


@pytest.fixture(scope="module", autouse=True)
def models(server: LiveServer, minilm_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("vectors")
    server.add_model(minilm_gguf, EMBEDDER)
    server.add_model(write_tiny_bert_ranker(folder / "ranker.gguf"), RANKER)
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        create_seeing(client, folder, EAR, kind="qwen2a", num_predict=16)
    yield
    for name in (EMBEDDER, RANKER, EAR):
        assert server.manage("rm", name).returncode == 0


def matrix(answer: openai.types.CreateEmbeddingResponse) -> Any:
    assert [one.index for one in answer.data] == list(range(len(answer.data)))
    return np.array([one.embedding for one in answer.data])


def test_vectors_come_as_base64_and_as_numbers(sdk: openai.OpenAI) -> None:
    packed = sdk.embeddings.create(model=EMBEDDER, input=SENTENCES)
    vectors = matrix(packed)
    assert vectors.shape == (3, 384)
    found = {pair: float(vectors[pair[0]] @ vectors[pair[1]]) for pair in combinations(range(3), 2)}
    assert found == pytest.approx(SIMILARITIES, abs=0.01)
    assert (packed.object, packed.model) == ("list", EMBEDDER)
    assert (packed.usage.prompt_tokens, packed.usage.total_tokens) == (N_TOKENS, N_TOKENS)
    numbers = sdk.embeddings.create(model=EMBEDDER, input=SENTENCES, encoding_format="float", user="somebody")
    np.testing.assert_allclose(matrix(numbers), vectors, atol=1e-5)


def test_tokens_are_embedded_as_their_text_is(sdk: openai.OpenAI) -> None:
    text = matrix(sdk.embeddings.create(model=EMBEDDER, input=SENTENCES[0]))
    for tokens in (TOKENS, [TOKENS]):
        answer = sdk.embeddings.create(model=EMBEDDER, input=tokens)
        np.testing.assert_allclose(matrix(answer), text, atol=1e-5)
        assert answer.usage.prompt_tokens == len(TOKENS)


def test_fewer_dimensions_are_the_first_ones_made_one_long(sdk: openai.OpenAI) -> None:
    whole = matrix(sdk.embeddings.create(model=EMBEDDER, input="a"))[0][:64]
    cut = matrix(sdk.embeddings.create(model=EMBEDDER, input="a", dimensions=64))[0]
    np.testing.assert_allclose(cut, whole / np.linalg.norm(whole), atol=1e-5)


def test_a_model_that_generates_embeds_too(sdk: openai.OpenAI) -> None:
    vectors = matrix(sdk.embeddings.create(model=MODEL, input=["one", "two"]))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [({"input": "word " * 600}, "input", "context_length_exceeded"), ({"input": ""}, "input", None),
     ({"input": []}, "input", None), ({"input": "a", "dimensions": 385}, "dimensions", None),
     ({"input": "a", "model": RANKER}, None, None)],
)  # fmt: skip
def test_what_can_not_be_embedded_raises(sdk: openai.OpenAI, fields: Any, param: str | None, code: str | None) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.embeddings.create(**{"model": EMBEDDER} | fields)
    assert (caught.value.param, caught.value.code) == (param, code)


def test_a_text_that_may_be_cut_is(sdk: openai.OpenAI) -> None:
    answer = sdk.embeddings.create(model=EMBEDDER, input="word " * 600, extra_body={"truncate": True})
    assert answer.usage.prompt_tokens == 512


def test_models_are_listed_found_and_deleted_by_names_with_slashes(
    sdk: openai.OpenAI, server: LiveServer, tiny_gguf: Path
) -> None:
    name = "example.com/vectors/tiny:v1"
    server.add_model(tiny_gguf, name)
    listed = {model.id: model for model in sdk.models.list()}
    assert {name, EMBEDDER, f"{RANKER}:latest", MODEL} <= listed.keys()
    assert (listed[name].owned_by, listed[name].object) == ("vectors", "model")
    assert sdk.models.retrieve(name) == listed[name]
    gone = sdk.models.delete(name)
    assert (gone.id, gone.object, gone.deleted) == (name, "model", True)
    for act in (sdk.models.retrieve, sdk.models.delete):
        with pytest.raises(openai.NotFoundError) as caught:
            act(name)
        assert caught.value.code == "model_not_found"


@pytest.mark.parametrize("path", ["/v1/rerank", "/v1/reranking", "/rerank", "/reranking"])
def test_documents_are_ranked(raw: httpx2.Client, path: str) -> None:
    documents = ["hello you", {"text": "it is a cat."}, "x"]
    ask = {"model": RANKER, "query": "what is it?", "documents": documents}
    answer = raw.post(path, json=ask).json()
    scores = [result["relevance_score"] for result in answer["results"]]
    assert scores == sorted(scores, reverse=True)
    assert sorted(result["index"] for result in answer["results"]) == [0, 1, 2]
    top = raw.post(path, json=ask | {"top_n": 1, "return_documents": True}).json()["results"]
    assert [result["index"] for result in top] == [answer["results"][0]["index"]]
    refused = raw.post(path, json=ask | {"model": EMBEDDER})
    assert (refused.status_code, refused.json()["error"]["type"]) == (400, "invalid_request_error")


def test_a_model_that_ranks_says_so(raw: httpx2.Client) -> None:
    assert raw.post("/api/show", json={"model": RANKER}).json()["capabilities"] == ["rerank"]


def test_sound_is_written_down(sdk: openai.OpenAI) -> None:
    whole = sdk.audio.transcriptions.create(model=EAR, file=SPEECH, language="en", prompt="A talk.", temperature=0)
    assert whole.usage is not None
    assert whole.usage.type == "tokens"
    assert whole.usage.input_tokens > 700, "half a minute is 750 tokens"
    assert whole.usage.output_tokens <= 16, "the model's own PARAMETER"
    text = sdk.audio.transcriptions.create(
        model=EAR, file=SPEECH, language="en", prompt="A talk.", response_format="text"
    )
    assert text == whole.text
    scored = sdk.audio.transcriptions.create(model=EAR, file=SPEECH, include=["logprobs"])
    assert scored.logprobs


def test_and_piece_by_piece(sdk: openai.OpenAI) -> None:
    stream = sdk.audio.transcriptions.create(model=EAR, file=SPEECH, stream=True)
    *deltas, done = list(stream)
    assert done.type == "transcript.text.done"
    assert done.usage is not None
    assert "".join(one.delta for one in deltas if one.type == "transcript.text.delta") == done.text


@pytest.mark.parametrize(
    "fields",
    [{"model": MODEL}, {"response_format": "srt"}, {"file": ("x.png", picture(1))}, {"file": ("x.wav", b"")},
     {"chunking_strategy": "auto"}, {"timestamp_granularities": ["word"]}],
)  # fmt: skip
def test_what_can_not_be_written_down_raises(sdk: openai.OpenAI, fields: Any) -> None:
    with pytest.raises(openai.BadRequestError):
        sdk.audio.transcriptions.create(**{"model": EAR, "file": SPEECH} | fields)


def test_a_chat_hears_its_input_audio(sdk: openai.OpenAI) -> None:
    text = {"type": "text", "text": "What is said?"}
    sound = {"type": "input_audio", "input_audio": {"data": in_base64(SPEECH[1]), "format": "wav"}}

    def n_prompt(*parts: Any) -> int:
        asked: list[Any] = [{"role": "user", "content": list(parts)}]
        answer = sdk.chat.completions.create(model=EAR, messages=asked, max_tokens=2)
        assert answer.usage is not None
        return answer.usage.prompt_tokens

    assert n_prompt(sound, text) > n_prompt(text)
