"""Embeddings by llama.cpp: every pooling on tiny files, in pieces and whole, beside a generating context."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.config import LoadOptions
from inference.engine.backend import EmbedSource
from inference.engine.batch import Batch
from inference.engine.embedding.embedder import Embedder, Vector
from inference.engine.opening import open_backend, open_embed_source
from inference.errors import ModelLoadError
from inference.spec import ModelSpec
from tests.gguf_files import write_tiny_gguf

pytest.importorskip("llama_cpp")
from inference.engine.llama import embed as llama_embed

pytestmark = [pytest.mark.real_model]

OPTIONS = LoadOptions(num_ctx=600, num_parallel=2, num_threads=1, num_batch=64)
NONE, MEAN, CLS, LAST = range(4)
TEXT = "the quick brown fox jumps over the lazy dog " * 8

Open = Callable[..., EmbedSource]


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Open]:
    opened: list[EmbedSource] = []

    def start(pooling: int | None = None, *, generates: bool = False, **extra: Any) -> EmbedSource:
        if pooling is not None:
            extra["llama.pooling_type"] = pooling
        path = write_tiny_gguf(tmp_path / f"{len(opened)}.gguf", extra=extra)
        spec = ModelSpec(
            name="tiny",
            digest="0" * 64,
            model_path=str(path),
            size_bytes=path.stat().st_size,
            n_ctx_train=2048,
            kv_bytes_per_token=256,
            embeds_only=not generates,
        )
        opener = open_backend if generates else open_embed_source
        opened.append(opener(spec, OPTIONS, kind="llama", on_progress=lambda fraction: None))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def embed(embedder: Embedder, *inputs: list[int], chunk: int = 10**6) -> list[Vector]:
    """All inputs in shared decodes, ``chunk`` tokens of each at a time."""
    batch = Batch(embedder.info.n_batch)
    n_longest = max(map(len, inputs))
    found: dict[int, Vector] = {}
    for start in range(0, n_longest, chunk):
        batch.clear()
        pieces = [(i, each[start : start + chunk]) for i, each in enumerate(inputs) if each[start : start + chunk]]
        for i, piece in pieces:
            batch.add(i, piece, start, output=True)
        embedder.decode(batch)
        found |= {i: embedder.vector(i) for i, piece in pieces if start + len(piece) == len(inputs[i])}
    for i in range(len(inputs)):
        embedder.forget(i)
    return [found[i] for i in range(len(inputs))]


def cosine(left: Vector, right: Vector) -> float:
    return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))


def tokens_of(source: EmbedSource, text: str = TEXT) -> list[int]:
    return source.tokenize(text, add_special=True, parse_special=True)


def test_an_input_has_the_same_vector_alone_and_in_company(load: Open) -> None:
    source = load(MEAN)
    embedder = source.open_embedder(n_cells=600)
    inputs = [tokens_of(source, text) for text in ("one", "two words", "three words here")]
    together = embed(embedder, *inputs)
    for each, vector in zip(inputs, together, strict=True):
        np.testing.assert_allclose(embed(embedder, each)[0], vector, atol=1e-5)
    assert embedder.info.n_dims == 64
    embedder.close()


@pytest.mark.parametrize("pooling", [None, NONE, MEAN, LAST])
def test_in_pieces_it_is_what_it_is_whole(load: Open, pooling: int | None) -> None:
    source = load(pooling)
    embedder = source.open_embedder(n_cells=600)
    assert embedder.info.can_split
    tokens = tokens_of(source)[:200]
    whole, pieces = embed(embedder, tokens)[0], embed(embedder, tokens, chunk=37)[0]
    assert cosine(pieces, whole) > 0.9999, "the cache rounds to half precision, and nothing else"
    embedder.close()


def test_the_files_pooling_decides(load: Open) -> None:
    tokens = tokens_of(load(MEAN))[:20]
    found = {}
    for pooling in (None, MEAN, CLS, LAST):
        embedder = load(pooling).open_embedder(n_cells=600)
        found[pooling] = embed(embedder, tokens)[0]
        first = embed(embedder, tokens[:1])[0]
        last_of_more = embed(embedder, [*tokens, tokens[3]])[0]
        if pooling == CLS:
            assert not embedder.info.can_split
            np.testing.assert_allclose(found[CLS], first, atol=1e-4)
        if pooling == LAST:
            assert not np.allclose(found[LAST], last_of_more, atol=1e-2)
        embedder.close()
    np.testing.assert_allclose(found[None], found[MEAN], atol=1e-5)
    assert not np.allclose(found[MEAN], found[LAST], atol=1e-2)


def test_the_mean_is_that_over_all_tokens(load: Open) -> None:
    tokens = tokens_of(load(MEAN))[:12]
    last = load(LAST).open_embedder(n_cells=600)
    # The model is causal: the last vector of each beginning is the token's own.
    own = [embed(last, tokens[: n + 1])[0] for n in range(len(tokens))]
    mean = load(MEAN).open_embedder(n_cells=600)
    assert cosine(embed(mean, tokens)[0], np.mean(own, axis=0)) > 0.9999
    last.close()
    mean.close()


def test_where_every_token_sees_all_others_an_input_stays_whole(load: Open) -> None:
    source = load(MEAN, **{"llama.attention.causal": False})
    embedder = source.open_embedder(n_cells=600)
    assert not embedder.info.can_split
    assert embedder.info.n_batch >= source.info.n_ctx
    tokens = tokens_of(source)[:30]
    changed = [*tokens[:-1], tokens[3]]
    assert not np.allclose(embed(embedder, tokens)[0], embed(embedder, changed)[0], atol=1e-3)
    assert len(embed(embedder, *[tokens_of(source)[:50]] * 10)) == 10
    embedder.close()


def test_a_context_there_is_no_memory_for_is_an_error_and_leaves_the_model(
    load: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = load(MEAN)
    with monkeypatch.context() as patch:
        patch.setattr(llama_embed.lib, "llama_init_from_model", lambda model, params: None)
        with pytest.raises(ModelLoadError):
            source.open_embedder(n_cells=600)
    source.open_embedder(n_cells=600).close()


@pytest.mark.parametrize("n_cells", [1, 63, 65, 600, 1023])
def test_any_size_of_context_opens(load: Open, n_cells: int) -> None:
    for pooling in (MEAN, CLS, LAST):
        load(pooling).open_embedder(n_cells=n_cells).close()


def test_beside_a_generating_context_neither_sees_the_other(load: Open) -> None:
    source: Any = load(generates=True)
    tokens = tokens_of(source)[:20]
    batch = Batch(64)
    row = batch.add(0, tokens, 0, output=True)
    source.decode(batch)
    before = source.logprobs(row, tokens[0], 5)
    embedder = source.open_embedder(n_cells=600)
    first = embed(embedder, tokens)[0]
    batch.clear()
    row = batch.add(1, tokens, 0, output=True)
    source.decode(batch)
    after = source.logprobs(row, tokens[0], 5)
    assert [each.token for each in after.top] == [each.token for each in before.top]
    np.testing.assert_allclose(embed(embedder, tokens)[0], first, atol=1e-5)
    embedder.close()


POOLED = {"general.architecture": "bert", "bert.pooling_type": "1", "tokenizer.ggml.model": "bert"}
NOMIC = {"general.architecture": "nomic-bert", "nomic-bert.pooling_type": "1"}


@pytest.mark.parametrize(
    ("known", "normalizes"),
    [
        ({"general.architecture": "llama"}, True),
        (POOLED, True),
        (POOLED | {"bert.normalize_embeddings": "false"}, False),
        (POOLED | {"tokenizer.ggml.model": "t5"}, False),
        (NOMIC, False),
        (NOMIC | {"nomic-bert.normalize_embeddings": "true"}, True),
        ({"general.architecture": "qwen3", "qwen3.pooling_type": "3"}, True),
    ],
)
def test_what_the_older_endpoint_answers_with(
    known: dict[str, str], normalizes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ollama's legacyEmbeddingsWereRaw, case by case."""
    monkeypatch.setattr(llama_embed, "metadata", lambda model, key: known.get(key, ""))
    assert llama_embed.file_normalizes(None) is normalizes


def test_the_file_is_asked_whether_it_normalizes(load: Open) -> None:
    embedder = load(MEAN).open_embedder(n_cells=600)
    assert embedder.info.normalizes
    embedder.close()
