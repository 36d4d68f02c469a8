"""LoRA adapters on real contexts of llama.cpp, with tiny models."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference.config import LoadOptions
from inference.engine.batch import Batch
from inference.engine.opening import open_backend
from inference.errors import ModelLoadError
from inference.spec import ModelSpec
from tests.gguf_files import write_tiny_gguf
from tests.gguf_lora import write_tiny_lora

pytest.importorskip("llama_cpp")

OPTIONS = LoadOptions(num_ctx=64, num_parallel=1, num_threads=1, gpu_layers=0)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("model") / "tiny.gguf")


def spec_of(model: Path, *adapters: tuple[Path, float]) -> ModelSpec:
    return ModelSpec(
        name="tiny",
        digest="0" * 64,
        model_path=str(model),
        size_bytes=model.stat().st_size,
        n_ctx_train=2048,
        kv_bytes_per_token=512,
        adapters=tuple((str(path), scale) for path, scale in adapters),
    )


def top_logprob(spec: ModelSpec) -> float:
    """Of token 300 after three others."""
    backend = open_backend(spec, OPTIONS, kind="llama", on_progress=lambda _: None)
    try:
        batch = Batch(backend.info.n_batch)
        row = batch.add(0, [300, 301, 302], 0, output=True)
        backend.decode(batch)
        return backend.logprobs(row, 300, 0).logprob
    finally:
        backend.close()


def test_an_adapter_changes_what_the_model_says(model: Path, tmp_path: Path) -> None:
    plain = top_logprob(spec_of(model))
    lora = write_tiny_lora(tmp_path / "lora.gguf")
    nothing = write_tiny_lora(tmp_path / "nothing.gguf", size=0)
    assert abs(top_logprob(spec_of(model, (lora, 1.0))) - plain) > 1e-3
    assert top_logprob(spec_of(model, (nothing, 1.0))) == pytest.approx(plain, abs=1e-5)
    assert top_logprob(spec_of(model, (lora, 0.0))) == pytest.approx(plain, abs=1e-5)


def test_several_adapters_add_up(model: Path, tmp_path: Path) -> None:
    lora = write_tiny_lora(tmp_path / "lora.gguf")
    twice = top_logprob(spec_of(model, (lora, 0.5), (lora, 0.5)))
    assert twice == pytest.approx(top_logprob(spec_of(model, (lora, 1.0))), abs=1e-3)


@pytest.mark.parametrize("changes", [{"architecture": "gemma"}, {"n_embd": 32}])
def test_an_adapter_of_another_model_fails_the_load(model: Path, tmp_path: Path, changes: dict[str, int]) -> None:
    other = write_tiny_lora(tmp_path / "other.gguf", **changes)  # type: ignore[arg-type]
    with pytest.raises(ModelLoadError, match="adapter 1 does not fit the model") as caught:
        top_logprob(spec_of(model, (other, 1.0)))
    assert str(tmp_path) not in str(caught.value)
