"""Tiny projectors with random weights, for the models of ``gguf_files.py``: llama.cpp's mtmd loads them.

A CLIP of two layers and about 170 kB. ``mlp`` is LLaVA's: a picture of any size becomes 4 tokens. ``gemma3`` does the
same, and its tokens see each other. ``qwen2vl_merger`` makes about one of 28 by 28 pixels, and wants the M-RoPE model
of ``write_tiny_qwen2vl``. ``qwen2a`` hears: half a minute is 750 tokens, however much of it is silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFWriter

from tests import gguf_files
from tests.gguf_files import TinyModel

PATCH = 14
IMAGE_SIZE = {"mlp": 28, "gemma3": 112, "qwen2vl_merger": 28}
SOUND = "qwen2a"
MEL_BINS = 80
ATTENTION = ("attn_q", "attn_k", "attn_v", "attn_out")


@dataclass(frozen=True, kw_only=True)
class TinyProjector:
    """``n_proj`` has to be the model's embedding length."""

    seed: int = 0
    kind: str = "mlp"
    n_proj: int = 64
    n_embd: int = 32
    n_ff: int = 64
    n_layers: int = 2
    n_heads: int = 2


def write_tiny_projector(path: Path, projector: TinyProjector | None = None, **changes: Any) -> Path:
    """``write_tiny_projector(path, kind="gemma3")``"""
    projector = projector or TinyProjector(**changes)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(path, "clip")
    _write_metadata(writer, projector)
    _Weights(writer, projector).write()
    _finish(writer)
    return path


def write_tiny_qwen2vl(path: Path) -> Path:
    """The tiny model as one of M-RoPE."""
    model = TinyModel()
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(path, "qwen2vl")
    gguf_files._write_metadata(writer, model)
    writer.add_rope_dimension_sections([2, 3, 3, 0])
    gguf_files._write_tokenizer(writer, model)
    gguf_files._write_weights(writer, model)
    random = np.random.default_rng(model.seed)
    n_kv = model.n_embd // model.n_heads * model.n_heads_kv
    for layer in range(model.n_layers):
        for name, n in (("attn_q", model.n_embd), ("attn_k", n_kv), ("attn_v", n_kv)):
            writer.add_tensor(f"blk.{layer}.{name}.bias", random.standard_normal(n, np.float32) * np.float32(0.1))
    _finish(writer)
    return path


def _finish(writer: GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_metadata(writer: GGUFWriter, projector: TinyProjector) -> None:
    writer.add_string("general.type", "mmproj")
    sense = "audio" if projector.kind == SOUND else "vision"
    writer.add_bool(f"clip.has_{sense}_encoder", True)
    writer.add_string("clip.projector_type", projector.kind)
    own = {"num_mel_bins": MEL_BINS} if sense == "audio" else {"image_size": IMAGE_SIZE[projector.kind]}
    lengths = own | {
        "patch_size": PATCH,
        "embedding_length": projector.n_embd,
        "feed_forward_length": projector.n_ff,
        "block_count": 1 if sense == "audio" else projector.n_layers,
        "projection_dim": projector.n_proj,
        "attention.head_count": projector.n_heads,
    }
    for name, value in lengths.items():
        writer.add_uint32(f"clip.{sense}.{name}", value)
    writer.add_float32(f"clip.{sense}.attention.layer_norm_epsilon", 1e-5)
    writer.add_array("clip.vision.image_mean", [0.5, 0.5, 0.5])
    writer.add_array("clip.vision.image_std", [0.5, 0.5, 0.5])
    writer.add_bool("clip.use_gelu", True)


class _Weights:
    def __init__(self, writer: GGUFWriter, projector: TinyProjector) -> None:
        self._writer = writer
        self._projector = projector
        self._random = np.random.default_rng(projector.seed)

    def write(self) -> None:
        if self._projector.kind == SOUND:
            self._hearing()
        else:
            self._seeing()

    def _hearing(self) -> None:
        n_embd = self._projector.n_embd
        for index, n_in in ((1, MEL_BINS), (2, n_embd)):
            self._tensor(f"a.conv1d.{index}.weight", n_embd, n_in, 3)
            self._tensor(f"a.conv1d.{index}.bias", n_embd, 1)
        self._tensor("a.position_embd.weight", 1500, n_embd)
        self._norm("a.post_ln")
        self._block("a.blk.0", biased=("attn_q", "attn_v", "attn_out"))
        self._linear("mm.a.fc", self._projector.n_proj, n_embd)

    def _seeing(self) -> None:
        self._tensor("v.patch_embd.weight", self._projector.n_embd, 3, PATCH, PATCH)
        self._norm("v.post_ln")
        for layer in range(self._projector.n_layers):
            self._block(f"v.blk.{layer}")
        {"mlp": self._mlp, "gemma3": self._gemma3, "qwen2vl_merger": self._qwen2vl}[self._projector.kind]()

    def _mlp(self) -> None:
        self._positions()
        self._linear("mm.0", self._projector.n_proj, self._projector.n_embd)
        self._linear("mm.2", self._projector.n_proj, self._projector.n_proj)

    def _gemma3(self) -> None:
        self._positions()
        self._tensor("v.patch_embd.bias", self._projector.n_embd)
        self._tensor("mm.input_projection.weight", self._projector.n_embd, self._projector.n_proj)
        self._writer.add_tensor("mm.soft_emb_norm.weight", np.ones(self._projector.n_embd, np.float32))

    def _qwen2vl(self) -> None:
        n_merged = 4 * self._projector.n_embd
        self._tensor("v.patch_embd.weight.1", self._projector.n_embd, 3, PATCH, PATCH)
        self._linear("mm.0", n_merged, n_merged)
        self._linear("mm.2", self._projector.n_proj, n_merged)

    def _positions(self) -> None:
        n_positions = (IMAGE_SIZE[self._projector.kind] // PATCH) ** 2
        self._tensor("v.position_embd.weight", n_positions, self._projector.n_embd)

    def _block(self, name: str, biased: tuple[str, ...] = ATTENTION) -> None:
        n_embd, n_ff = self._projector.n_embd, self._projector.n_ff
        for part in ATTENTION:
            self._tensor(f"{name}.{part}.weight", n_embd, n_embd)
            if part in biased:
                self._tensor(f"{name}.{part}.bias", n_embd)
        self._norm(f"{name}.ln1")
        self._norm(f"{name}.ln2")
        self._linear(f"{name}.ffn_up", n_ff, n_embd)
        self._linear(f"{name}.ffn_down", n_embd, n_ff)

    def _linear(self, name: str, n_out: int, n_in: int) -> None:
        self._tensor(f"{name}.weight", n_out, n_in)
        self._tensor(f"{name}.bias", n_out)

    def _norm(self, name: str) -> None:
        self._writer.add_tensor(f"{name}.weight", np.ones(self._projector.n_embd, np.float32))
        self._writer.add_tensor(f"{name}.bias", np.zeros(self._projector.n_embd, np.float32))

    def _tensor(self, name: str, *shape: int) -> None:
        self._writer.add_tensor(name, self._random.standard_normal(shape, np.float32) * np.float32(0.1))
