"""Weights rewritten by llama.cpp, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models_app import selectors
from models_app.creation.request import CreateRequest
from models_app.errors import CatalogError, InvalidCreate, TransferCancelled
from models_app.models import Tag
from models_app.progress import Progress
from models_app.services.create import model_create
from models_app.store import blobs
from tests.gguf_files import write_tiny_gguf

needs_llama = pytest.mark.usefixtures("llama")


@pytest.fixture
def llama() -> None:
    pytest.importorskip("llama_cpp")


@pytest.fixture(scope="module")
def f16(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("f16") / "f16.gguf"
    return write_tiny_gguf(path, quantization="F16", n_embd=256, n_ff=256)


def uploaded(path: Path) -> str:
    return str(blobs.blob_write(path.read_bytes()).digest)


def create(**fields: Any) -> list[Progress]:
    lines: list[Progress] = []
    model_create(request=CreateRequest(**{"model": "new"} | fields), on_progress=lines.append, cancelled=lambda: False)
    return lines


@needs_llama
def test_a_model_is_quantized_on_its_way(store: Path, f16: Path) -> None:
    lines = create(files={"f16.gguf": uploaded(f16)}, quantize="q4_K_M")
    size_bytes = f16.stat().st_size
    bar = [line for line in lines if line.status == "quantizing F16 model to Q4_K_M"]
    assert bar[-1] == Progress(
        status=bar[-1].status, digest="0000000000000000000", total=size_bytes, completed=size_bytes
    )
    assert [line.status for line in lines if line not in bar][-4:-1] == [
        "verifying conversion",
        f"creating new layer {selectors.model_manifest('new').layers[0].digest}",
        "writing manifest",
    ]
    entry = selectors.model_get("new")
    assert entry.details.quantization_level == "Q4_K_M"
    assert entry.size_bytes < size_bytes / 2
    assert not [path for path in store.iterdir() if path.name.startswith("temp-")]


@pytest.mark.slow
@needs_llama
def test_an_existing_model_is_quantized_too(store: Path, f16: Path) -> None:
    create(model="base", files={"f16.gguf": uploaded(f16)})
    create(source="base", quantize="Q8_0", system="Be brief.")
    assert selectors.model_get("new").details.quantization_level == "Q8_0"
    assert selectors.model_get("base").details.quantization_level == "F16"


def test_what_it_is_already_is_left_alone(store: Path, f16: Path) -> None:
    lines = create(files={"f16.gguf": uploaded(f16)}, quantize="F16")
    assert not any(line.digest for line in lines)


def test_only_whole_weights_are_quantized(store: Path, tmp_path: Path) -> None:
    quantized = write_tiny_gguf(tmp_path / "q.gguf", quantization="Q8_0")
    with pytest.raises(InvalidCreate, match="quantization is only supported for F16, BF16 and F32 models"):
        create(files={"q.gguf": uploaded(quantized)}, quantize="Q4_0")


def test_an_unknown_type_is_refused_at_once() -> None:
    with pytest.raises(InvalidCreate, match="unsupported quantization type Q5_X - supported types are F32, F16, "):
        create(source="no such model", quantize="q5_x")


@needs_llama
def test_a_cancelled_quantization_leaves_nothing(store: Path, f16: Path) -> None:
    digest = uploaded(f16)
    lines: list[Progress] = []
    with pytest.raises(TransferCancelled):
        model_create(
            request=CreateRequest(model="new", files={"a.gguf": digest}, quantize="Q4_0"),
            on_progress=lines.append,
            cancelled=lambda: any(line.digest for line in lines),
        )
    assert [path.name for path in store.iterdir()] == [digest.replace(":", "-")]
    assert not Tag.objects.exists()


@pytest.mark.slow
@needs_llama
def test_a_file_that_llama_cpp_declines_is_an_error(store: Path, tmp_path: Path) -> None:
    strange = write_tiny_gguf(tmp_path / "s.gguf", extra={"general.architecture": "nobody-knows"})
    with pytest.raises(CatalogError, match=r"could not be quantized: llama\.cpp declined it"):
        create(files={"s.gguf": uploaded(strange)}, quantize="Q8_0")


@pytest.fixture
def shards(store: Path, tmp_path: Path) -> dict[str, str]:
    """A tiny model in several files, as ``gguf-split`` writes them."""
    write_tiny_gguf(tmp_path / "tiny.gguf", split_max_tensors=7)
    return {path.name: uploaded(path) for path in tmp_path.glob("tiny-*.gguf")}


@needs_llama
def test_a_split_model_becomes_one_file(shards: dict[str, str], store: Path) -> None:
    assert len(shards) == 3
    create(files=shards)
    layer = selectors.model_manifest("new").layers[0]
    assert layer.source == "tiny.gguf"
    assert len(selectors.model_card("new").tensors) == 20
    assert not [path for path in store.iterdir() if path.name.startswith("temp-")]


def test_every_part_of_a_split_model_has_to_be_there(shards: dict[str, str]) -> None:
    first, *rest = sorted(shards)
    with pytest.raises(InvalidCreate, match="split GGUF 'tiny' has 2 shards, expected 3"):
        create(files={name: shards[name] for name in rest})
    with pytest.raises(InvalidCreate, match=r"must use llama\.cpp split filename pattern"):
        create(files={"a.gguf": shards[first]})
    with pytest.raises(InvalidCreate, match="is part 0 of 3 by its metadata"):
        create(files={"tiny-00002-of-00003.gguf": shards[first]})
