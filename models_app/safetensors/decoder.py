"""Models of the llama family: Llama, Mistral, Qwen 2 and 3 (dense ones)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from models_app.errors import InvalidCreate, UnsupportedModel
from models_app.gguf.writer import NewTensor, Value
from models_app.safetensors.output import Order, rotary_order, tensor_as
from models_app.safetensors.reader import SourceTensor
from models_app.safetensors.rope import rope_metadata, rope_tensor
from models_app.safetensors.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """``turned``: llama.cpp wants the rows of queries and keys in another order."""

    architecture: str
    turned: bool
    file_head_size: bool = False


FAMILIES: Final = {
    "LlamaForCausalLM": Family(architecture="llama", turned=True),
    "MistralForCausalLM": Family(architecture="llama", turned=True),
    "Qwen2ForCausalLM": Family(architecture="qwen2", turned=False),
    "Qwen3ForCausalLM": Family(architecture="qwen3", turned=False),
}
_OUTER: Final = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
LAYER_NAMES: Final = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_NEEDED: Final = tuple(ours for name, ours in LAYER_NAMES.items() if not name.endswith(("q_norm", "k_norm")))
_LAYER: Final = re.compile(r"model\.layers\.(\d{1,4})\.(.+)\.(weight|bias)")
# Computed from the configuration by everyone who needs it.
_DROPPED: Final = re.compile(r".*\.rotary_emb\.inv_freq")


@dataclass(frozen=True, slots=True)
class Heads:
    """``size`` is the length of one head's vector."""

    queries: int
    keys: int
    size: int


def heads_of(settings: Settings) -> Heads:
    queries = settings.count("num_attention_heads", "n_head")
    keys = settings.count("num_key_value_heads", default=queries)
    size = settings.count("head_dim", default=settings.count("hidden_size", "n_embd") // queries or 1)
    return Heads(queries, keys, size)


def decoder_metadata(settings: Settings, family: Family) -> dict[str, Value]:
    heads = heads_of(settings)
    values: dict[str, Value] = {
        "vocab_size": settings.count("vocab_size"),
        "block_count": settings.count("num_hidden_layers", "n_layers", "n_layer"),
        "context_length": settings.count("max_position_embeddings", "n_ctx"),
        "embedding_length": settings.count("hidden_size", "n_embd"),
        "feed_forward_length": settings.count("intermediate_size", "n_inner"),
        "attention.head_count": heads.queries,
        "attention.head_count_kv": heads.keys,
        "attention.key_length": heads.size,
        "attention.value_length": heads.size,
        "rope.dimension_count": heads.size,
        "attention.layer_norm_rms_epsilon": settings.number("rms_norm_eps", "norm_eps"),
    }
    named = {f"{family.architecture}.{name}": value for name, value in values.items()}
    return {"general.architecture": family.architecture} | named | rope_metadata(settings, family.architecture)


def decoder_tensors(sources: dict[str, SourceTensor], settings: Settings, family: Family) -> list[NewTensor]:
    """Raises UnsupportedModel for a tensor that this family doesn't have, InvalidCreate for one that is missing."""
    heads = heads_of(settings)
    factors = rope_tensor(settings, head_size=heads.size)
    tensors = [factors] if factors is not None else []
    for name, source in sources.items():
        ours = _new_name(name)
        if _DROPPED.fullmatch(name) or (ours == "output.weight" and settings.tied):
            continue
        if not ours:
            raise UnsupportedModel(f"the tensor {name[:200]} is none that {settings.architecture} is known to have")
        order = turned_order(ours, source, heads) if family.turned else None
        tensors.append(tensor_as(ours, source, order=order))
    _require(tensors, settings.count("num_hidden_layers", "n_layers", "n_layer"))
    return tensors


def turned_order(name: str, source: SourceTensor, heads: Heads) -> Order | None:
    """The order of the rows of what makes queries and keys; None for all else. Raises InvalidCreate."""
    n_heads = {"attn_q": heads.queries, "attn_k": heads.keys}.get(name.split(".")[2] if name.startswith("blk.") else "")
    if n_heads is None:
        return None
    if source.shape[0] != n_heads * heads.size or heads.size % 2:
        raise InvalidCreate(f"the tensor {name} has {source.shape[0]} rows, not those of {n_heads} heads")
    return rotary_order(source.shape[0], n_heads)


def _new_name(name: str) -> str:
    layer = _LAYER.fullmatch(name)
    if layer is not None:
        ours = LAYER_NAMES.get(layer[2])
        return f"blk.{int(layer[1])}.{ours}.{layer[3]}" if ours else ""
    where, _, kind = name.rpartition(".")
    return f"{_OUTER[where]}.{kind}" if where in _OUTER and kind == "weight" else ""


def _require(tensors: list[NewTensor], n_layers: int) -> None:
    there = {tensor.name for tensor in tensors}
    needed = [f"blk.{layer}.{name}.weight" for layer in range(n_layers) for name in _NEEDED]
    for name in ["token_embd.weight", "output_norm.weight", *needed]:
        if name not in there:
            raise InvalidCreate(f"the weights of {name.removesuffix('.weight')} are missing")
