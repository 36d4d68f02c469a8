"""Models created from safetensors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.config import LoadOptions
from inference.engine.opening import open_backend
from models_app import selectors
from models_app.creation.request import CreateRequest
from models_app.errors import CreateFailed, InvalidCreate, TransferCancelled
from models_app.models import Tag
from models_app.progress import Progress
from models_app.services.create import model_create
from models_app.store import blobs
from tests.safetensors_files import folder_of, write_safetensors, write_tiny_folder

OPTIONS = LoadOptions(num_ctx=64, num_parallel=1, num_threads=1, gpu_layers=0)


def uploaded(folder: Path) -> dict[str, str]:
    return {name: str(blobs.blob_write(path.read_bytes()).digest) for name, path in folder_of(folder).items()}


def create(cancelled: Callable[[], bool] = lambda: False, **fields: Any) -> list[str]:
    lines: list[Progress] = []
    request = CreateRequest(**{"model": "new"} | fields)
    model_create(request=request, on_progress=lines.append, cancelled=cancelled)
    return list(dict.fromkeys(line.status for line in lines))


def test_a_folder_becomes_a_model_that_loads(store: Path, tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    statuses = create(files=uploaded(write_tiny_folder(tmp_path / "tiny", dtype="BF16")))
    layer = selectors.model_manifest("new").layers[0].digest
    assert statuses == [
        "converting model", "verifying conversion", f"creating new layer {layer}", "writing manifest", "success",
    ]  # fmt: skip
    assert selectors.model_get("new").details.quantization_level == "F16"
    backend = open_backend(selectors.model_served("new").spec, OPTIONS, kind="llama", on_progress=lambda _: None)
    try:
        assert backend.tokenize("ab", add_special=True, parse_special=False)[0] == 1
    finally:
        backend.close()


@pytest.mark.slow
def test_it_is_quantized_on_its_way(store: Path, tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    statuses = create(files=uploaded(write_tiny_folder(tmp_path / "tiny")), quantize="Q8_0")
    assert statuses[:3] == ["converting model", "verifying conversion", "quantizing F16 model to Q8_0"]
    assert selectors.model_get("new").details.quantization_level == "Q8_0"


@pytest.mark.slow
def test_an_adapter_is_converted_for_its_model(store: Path, tmp_path: Path) -> None:
    create(model="base", files=uploaded(write_tiny_folder(tmp_path / "tiny")))
    adapter = tmp_path / "lora"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(json.dumps({"r": 2, "lora_alpha": 4}))
    at = "base_model.model.model.layers.0.self_attn.q_proj"
    sides = {f"{at}.lora_A.weight": np.ones((2, 64)), f"{at}.lora_B.weight": np.ones((64, 2))}
    write_safetensors(adapter / "adapter_model.safetensors", sides)
    statuses = create(source="base", adapters=uploaded(adapter))
    assert statuses[0] == "converting adapter"
    assert len(selectors.model_served("new").spec.adapters) == 1


def test_what_can_not_be_converted_has_a_reason(store: Path, tmp_path: Path) -> None:
    folder = write_tiny_folder(tmp_path / "tiny", config={"architectures": ["FalconForCausalLM"]})
    with pytest.raises(InvalidCreate, match="FalconForCausalLM can't be converted; supported are LlamaForCausalLM"):
        create(files=uploaded(folder))
    assert not Tag.objects.exists()


@pytest.mark.slow
@pytest.mark.parametrize("data", [b"", b"\xff" * 100, b"\2\0\0\0\0\0\0\0{}", b'\5\0\0\0\0\0\0\0{"a":'])
def test_bytes_that_are_no_safetensors_are_refused(store: Path, tmp_path: Path, data: bytes) -> None:
    folder = write_tiny_folder(tmp_path / "tiny")
    (folder / "model.safetensors").write_bytes(data)
    with pytest.raises(InvalidCreate):
        create(files=uploaded(folder))


def test_a_converter_that_ends_is_an_error(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models_app.creation.conversion.CHILD", "models_app.no_such_module")
    with pytest.raises(CreateFailed, match="the model could not be converted: exited with status 1"):
        create(files=uploaded(write_tiny_folder(tmp_path / "tiny")))


def test_a_cancelled_conversion_leaves_nothing(store: Path, tmp_path: Path) -> None:
    files = uploaded(write_tiny_folder(tmp_path / "tiny"))
    with pytest.raises(TransferCancelled):
        create(cancelled=lambda: True, files=files)
    assert {path.name for path in store.iterdir()} == {digest.replace(":", "-") for digest in files.values()}
