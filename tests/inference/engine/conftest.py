"""The real model, loaded once for the tests of this folder. One thread: the machine runs other tests beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from inference.config import LoadOptions
from inference.engine.backend import Backend
from inference.engine.opening import llama_available, open_backend
from inference.spec import ModelSpec

REAL_OPTIONS = LoadOptions(
    num_ctx=128, num_parallel=3, num_threads=1, num_batch=128, swap_bytes=1 << 26, kv_layout="unified"
)


@pytest.fixture(scope="session")
def smollm2_spec(smollm2_path: Path) -> ModelSpec:
    return ModelSpec(
        name="smollm2:135m",
        digest="0" * 64,
        model_path=str(smollm2_path),
        size_bytes=smollm2_path.stat().st_size,
        n_ctx_train=8192,
        kv_bytes_per_token=23040,
    )


@pytest.fixture(scope="session")
def loaded_smollm2(smollm2_spec: ModelSpec) -> Iterator[Backend]:
    yield from loaded(smollm2_spec, REAL_OPTIONS)


@pytest.fixture(scope="session")
def loaded_smollm2_streams(smollm2_spec: ModelSpec) -> Iterator[Backend]:
    yield from loaded(smollm2_spec, msgspec.structs.replace(REAL_OPTIONS, kv_layout="streams"))


def loaded(spec: ModelSpec, options: LoadOptions) -> Iterator[Backend]:
    if not llama_available():
        pytest.skip("llama-cpp-python is not installed")
    backend = open_backend(spec, options, kind="llama", on_progress=lambda fraction: None)
    yield backend
    backend.close()


@pytest.fixture
def smollm2(loaded_smollm2: Backend) -> Backend:
    """The loaded model with nothing in its memory, which is one cache for all sequences."""
    return emptied(loaded_smollm2)


@pytest.fixture
def smollm2_streams(loaded_smollm2_streams: Backend) -> Backend:
    """The same with a stream for each sequence."""
    return emptied(loaded_smollm2_streams)


def emptied(backend: Backend) -> Backend:
    for seq_id in range(backend.info.n_seq_max):
        assert backend.seq_rm(seq_id, -1, -1)
    return backend
