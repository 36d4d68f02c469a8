"""Models that rank: the scores are those that llama.cpp gives the same tokens, however the work is cut up."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.config import LoadOptions
from inference.engine.backend import EmbedSource
from inference.engine.embedding.runner import EmbedRunner
from inference.engine.opening import open_embed_source
from inference.errors import NotSupported
from inference.events import Embedded, Event, Failed, Finished, Started
from inference.request import EmbedRequest
from inference.spec import ModelSpec
from tests.rank_files import TEMPLATE, write_tiny_bert_ranker, write_tiny_qwen3_ranker

lib = pytest.importorskip("llama_cpp.llama_cpp")

pytestmark = [pytest.mark.real_model]

QUERY = "what is it?"
DOCUMENTS = ("hello you", "it is a cat.", "x", "a cat " * 30, "")
WRITERS: dict[str, Callable[[Path], Path]] = {
    "bert": write_tiny_bert_ranker,
    "qwen3": write_tiny_qwen3_ranker,
    "qwen3 without a template": lambda path: write_tiny_qwen3_ranker(path, template=None),
}
BUILT: dict[str, Callable[[Any, str], list[int]]] = {
    "bert": lambda vocab, text: [2, *tokens(vocab, QUERY), 3, *tokens(vocab, text)],
    "qwen3": lambda vocab, text: tokens(
        vocab, TEMPLATE.replace("{query}", QUERY).replace("{document}", text), special=True
    ),
    "qwen3 without a template": lambda vocab, text: [1, *tokens(vocab, QUERY), *tokens(vocab, text)],
}


def tokens(vocab: Any, text: str, *, special: bool = False) -> list[int]:
    buffer = (lib.llama_token * 4096)()
    n = lib.llama_tokenize(vocab, text.encode(), len(text.encode()), buffer, 4096, False, special)
    return list(buffer[:n])


@pytest.fixture(params=list(WRITERS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(kind: str, tmp_path: Path) -> Path:
    return WRITERS[kind](tmp_path / "ranker.gguf")


@pytest.fixture
def source(path: Path) -> Iterator[EmbedSource]:
    spec = ModelSpec(
        name="ranker",
        digest="0" * 64,
        model_path=str(path),
        size_bytes=path.stat().st_size,
        n_ctx_train=512,
        kv_bytes_per_token=256,
        embeds_only=True,
    )
    options = LoadOptions(num_ctx=512, num_threads=1)
    opened = open_embed_source(spec, options, kind="llama", on_progress=lambda fraction: None)
    yield opened
    opened.close()


def run(source: EmbedSource, request: EmbedRequest) -> list[Event]:
    events: list[Event] = []
    runner = EmbedRunner(source, publish=lambda some: events.extend(event for _, event in some), generates=False)
    runner.submit(1, request)
    while not any(isinstance(event, Finished | Failed) for event in events):
        runner.stats()
    runner.close()
    return events


def direct(path: Path, kind: str) -> tuple[list[float], int]:
    """The first score of each document, by llama.cpp alone, and how many tokens they have together."""
    model = lib.llama_model_load_from_file(str(path).encode(), lib.llama_model_default_params())
    params = lib.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = 512
    params.embeddings = True
    params.n_threads = params.n_threads_batch = 1
    context = lib.llama_init_from_model(model, params)
    vocab, found, n_tokens = lib.llama_model_get_vocab(model), [], 0
    for text in DOCUMENTS:
        own = BUILT[kind](vocab, text)
        n_tokens += len(own)
        data = (lib.llama_token * len(own))(*own)
        if memory := lib.llama_get_memory(context):
            lib.llama_memory_clear(memory, True)
        assert lib.llama_decode(context, lib.llama_batch_get_one(data, len(own))) == 0
        found.append(ctypes.cast(lib.llama_get_embeddings_seq(context, 0), ctypes.POINTER(ctypes.c_float))[0])
    lib.llama_free(context)
    lib.llama_model_free(model)
    return found, n_tokens


def test_scores_are_those_of_llama_cpp(source: EmbedSource, path: Path, kind: str) -> None:
    expected, n_tokens = direct(path, kind)
    request = EmbedRequest(inputs=DOCUMENTS, query=QUERY, dimensions=1, normalize=False)
    events = run(source, request)
    scores = np.zeros(len(DOCUMENTS), np.float32)
    for event in events:
        if isinstance(event, Embedded):
            scores[list(event.indexes)] = np.frombuffer(event.data, "<f4")
    np.testing.assert_allclose(scores, expected, atol=2e-3)
    assert len({round(float(score), 4) for score in scores}) == len(DOCUMENTS)
    assert [event.n_prompt for event in events if isinstance(event, Started)] == [n_tokens]


def test_it_does_not_embed(source: EmbedSource) -> None:
    (failed,) = run(source, EmbedRequest(inputs=("a",)))
    assert isinstance(failed, Failed)
    assert isinstance(failed.exception(), NotSupported)
