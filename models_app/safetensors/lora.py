"""LoRA adapters as PEFT writes them (adapter_config.json, adapter_model.safetensors), for the llama family."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from msgspec import Struct

from models_app.errors import InvalidCreate, UnsupportedModel
from models_app.gguf.writer import NewTensor, Value
from models_app.safetensors.decoder import FAMILIES, LAYER_NAMES, Heads, turned_order
from models_app.safetensors.folder import Folder
from models_app.safetensors.output import tensor_as

_NAME: Final = re.compile(r"(?:base_model\.model\.)?model\.layers\.(\d{1,4})\.(.+)\.lora_(A|B)(?:\.default)?\.weight")
ARCHITECTURES: Final = frozenset(family.architecture for family in FAMILIES.values())


class BaseModel(Struct, frozen=True, kw_only=True):
    """What has to be known of the model that the adapter is for. A head's size may be 0 where the file doesn't say."""

    architecture: str
    n_heads: int
    n_heads_kv: int
    head_size: int


def lora_metadata(folder: Folder, base: BaseModel) -> dict[str, Value]:
    """Raises UnsupportedModel for what an adapter in GGUF can't say."""
    about = folder.json("adapter_config.json", dict[str, Any])
    if base.architecture not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise UnsupportedModel(f"adapters for {base.architecture[:40]} can't be converted; supported are {known}")
    if about.get("use_dora"):
        raise UnsupportedModel("adapters by DoRA can't be converted")
    return {
        "general.architecture": base.architecture,
        "general.type": "adapter",
        "general.file_type": 1,
        "adapter.type": "lora",
        "adapter.lora.alpha": _alpha(about),
    }


def lora_tensors(folder: Folder, base: BaseModel) -> list[NewTensor]:
    heads = Heads(base.n_heads, base.n_heads_kv, base.head_size)
    turned = base.architecture == "llama"
    tensors = []
    for name, source in folder.tensors().items():
        found = _NAME.fullmatch(name)
        ours = LAYER_NAMES.get(found[2]) if found else None
        if found is None or ours is None or len(source.shape) != 2:
            raise UnsupportedModel(f"the adapter's tensor {name[:200]} can't be converted")
        layer, side = int(found[1]), found[3].lower()
        order = turned_order(f"blk.{layer}.{ours}", source, heads) if turned and side == "b" else None
        # In F32: an adapter is small, and its numbers are.
        tensors.append(tensor_as(f"blk.{layer}.{ours}.weight.lora_{side}", source, whole=True, order=order))
    if not tensors:
        raise InvalidCreate("the adapter has no weights")
    return tensors


def _alpha(about: dict[str, Any]) -> float:
    """llama.cpp divides by the rank; rank-stabilised adapters are divided by its root."""
    alpha, rank = about.get("lora_alpha"), about.get("r")
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or type(rank) is not int or rank < 1:
        raise InvalidCreate("adapter_config.json: lora_alpha and r have to be numbers")
    return float(alpha) * (math.sqrt(rank) if about.get("use_rslora") else 1.0)
