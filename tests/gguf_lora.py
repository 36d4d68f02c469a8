"""Tiny LoRA adapters for the tiny models of gguf_files.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gguf import GGUFWriter


def write_tiny_lora(path: Path, *, architecture: str = "llama", n_embd: int = 64, size: float = 1.0) -> Path:
    """A LoRA of rank 4 on the first layer's query and output weights. ``size`` 0 changes nothing."""
    writer = GGUFWriter(path, architecture)
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 4.0)
    random = np.random.default_rng(5)
    for name in ("attn_q", "attn_output"):
        down = random.standard_normal((4, n_embd), dtype=np.float32)
        up = random.standard_normal((n_embd, 4), dtype=np.float32) * size
        writer.add_tensor(f"blk.0.{name}.weight.lora_a", down)
        writer.add_tensor(f"blk.0.{name}.weight.lora_b", up)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_tiny_projector(path: Path) -> Path:
    """A file that says it is a vision projector; nothing loads it."""
    writer = GGUFWriter(path, "clip")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_tensor("v.patch_embd.weight", np.zeros((4, 32), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
