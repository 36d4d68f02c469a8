"""Tiny models as Hugging Face stores them: safetensors, config.json, a tokenizer."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.gguf_files import TinyModel, tiny_vocabulary

Array = npt.NDArray[Any]
CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 384,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "tie_word_embeddings": True,
}


def write_safetensors(path: Path, tensors: dict[str, Array], *, dtype: str = "F32") -> Path:
    """``dtype`` F32, F16, or BF16, which cuts the numbers' tails off."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    parts = []
    offset = 0
    for name, tensor in tensors.items():
        data = encoded(tensor, dtype)
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [offset, offset + len(data)]}
        parts.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))
    return path


def encoded(tensor: Array, dtype: str) -> bytes:
    if dtype == "BF16":
        return (tensor.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    return tensor.astype({"F32": "<f4", "F16": "<f2"}[dtype]).tobytes()


def tiny_weights(seed: int = 0, *, norms: bool = False, biases: bool = False) -> dict[str, Array]:
    """Random ones, by Hugging Face's names. ``norms`` and ``biases``: what Qwen 3 and Qwen 2 have besides."""
    random = np.random.default_rng(seed)

    def matrix(rows: int, columns: int) -> Array:
        return random.standard_normal((rows, columns), dtype=np.float32) * np.float32(0.1)

    weights = {"model.embed_tokens.weight": matrix(384, 64), "model.norm.weight": np.ones(64, np.float32)}
    for layer in range(2):
        at = f"model.layers.{layer}"
        for name, rows in (("q", 64), ("k", 32), ("v", 32), ("o", 64)):
            weights[f"{at}.self_attn.{name}_proj.weight"] = matrix(rows, 64)
            if biases and name != "o":
                weights[f"{at}.self_attn.{name}_proj.bias"] = matrix(1, rows)[0]
        for name in ("q_norm", "k_norm") if norms else ():
            weights[f"{at}.self_attn.{name}.weight"] = np.ones(16, np.float32)
        weights[f"{at}.mlp.gate_proj.weight"] = matrix(128, 64)
        weights[f"{at}.mlp.up_proj.weight"] = matrix(128, 64)
        weights[f"{at}.mlp.down_proj.weight"] = matrix(64, 128)
        weights[f"{at}.input_layernorm.weight"] = np.ones(64, np.float32)
        weights[f"{at}.post_attention_layernorm.weight"] = np.ones(64, np.float32)
    return weights


def write_tiny_folder(
    folder: Path, *, dtype: str = "F32", config: dict[str, Any] | None = None, **weights: Any
) -> Path:
    """A tiny llama with a SentencePiece tokenizer; ``config`` is laid over CONFIG."""
    folder.mkdir(parents=True, exist_ok=True)
    write_safetensors(folder / "model.safetensors", tiny_weights(**weights), dtype=dtype)
    (folder / "config.json").write_text(json.dumps(CONFIG | (config or {})))
    (folder / "tokenizer.model").write_bytes(sentencepiece_model())
    return folder


def folder_of(path: Path) -> dict[str, Path]:
    return {file.relative_to(path).as_posix(): file for file in sorted(path.rglob("*")) if file.is_file()}


def sentencepiece_model() -> bytes:
    """The vocabulary of the tiny GGUF models as SentencePiece's protocol buffer."""
    tokens, types = tiny_vocabulary(TinyModel())
    pieces = []
    for number, (token, kind) in enumerate(zip(tokens, types, strict=True)):
        text = token.encode()
        piece = (
            b"\x0a" + _varint(len(text)) + text + b"\x15" + struct.pack("<f", -float(number)) + b"\x18" + _varint(kind)
        )
        pieces.append(b"\x0a" + _varint(len(piece)) + piece)
    return b"".join(pieces)


def _varint(number: int) -> bytes:
    parts = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])
