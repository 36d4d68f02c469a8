"""BERT and sentence-transformers made of it: models that embed."""

from __future__ import annotations

import re
from typing import Any, Final

from models_app.errors import InvalidCreate, UnsupportedModel
from models_app.gguf.writer import NewTensor, Value
from models_app.safetensors.folder import Folder
from models_app.safetensors.output import tensor_as
from models_app.safetensors.reader import SourceTensor
from models_app.safetensors.settings import Settings

ARCHITECTURE: Final = "BertModel"
_NONE, _MEAN, _CLS = 0, 1, 2  # llama.h, enum llama_pooling_type
_OUTER: Final = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
}
_LAYER_NAMES: Final = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
_LAYER: Final = re.compile(r"encoder\.layer\.(\d{1,4})\.(.+)\.(weight|bias)")
# Of the training: nothing of it is in an embedding.
_DROPPED: Final = re.compile(r"(embeddings\.position_ids|pooler\..*|cls\..*)")
_WHOLE: Final = frozenset({"position_embd.weight", "token_types.weight"})


def bert_metadata(settings: Settings, folder: Folder) -> dict[str, Value]:
    values: dict[str, Value] = {
        "block_count": settings.count("num_hidden_layers"),
        "context_length": settings.count("max_position_embeddings"),
        "embedding_length": settings.count("hidden_size"),
        "feed_forward_length": settings.count("intermediate_size"),
        "attention.head_count": settings.count("num_attention_heads"),
        "attention.layer_norm_epsilon": settings.number("layer_norm_eps"),
        "attention.causal": False,
        "pooling_type": _pooling(folder),
        "normalize_embeddings": any(module.endswith(".Normalize") for module, _ in _modules(folder)),
    }
    token_types: dict[str, Value] = {"tokenizer.ggml.token_type_count": settings.count("type_vocab_size", default=2)}
    return {"general.architecture": "bert"} | {f"bert.{name}": value for name, value in values.items()} | token_types


def bert_tensors(sources: dict[str, SourceTensor]) -> list[NewTensor]:
    """Raises UnsupportedModel for a tensor that BERT doesn't have."""
    tensors = []
    for name, source in sources.items():
        bare = name.removeprefix("bert.")
        if _DROPPED.fullmatch(bare):
            continue
        ours = _new_name(bare)
        if not ours:
            raise UnsupportedModel(f"the tensor {name[:200]} is none that {ARCHITECTURE} is known to have")
        tensors.append(tensor_as(ours, source, whole=ours in _WHOLE))
    if not any(tensor.name == "token_embd.weight" for tensor in tensors):
        raise InvalidCreate("the weights of token_embd are missing")
    return tensors


def _new_name(name: str) -> str:
    layer = _LAYER.fullmatch(name)
    if layer is not None:
        ours = _LAYER_NAMES.get(layer[2])
        return f"blk.{int(layer[1])}.{ours}.{layer[3]}" if ours else ""
    where, _, kind = name.rpartition(".")
    return f"{_OUTER[where]}.{kind}" if where in _OUTER else ""


def _pooling(folder: Folder) -> int:
    """What sentence-transformers does with the tokens' vectors; a bare BERT is pooled by its first token."""
    path = next((path for module, path in _modules(folder) if module.endswith(".Pooling")), None)
    about = folder.object(f"{path}/config.json" if path else "1_Pooling/config.json")
    return _MEAN if about.get("pooling_mode_mean_tokens") else _CLS


def _modules(folder: Folder) -> list[tuple[str, str]]:
    """Types and paths, where the model is a sentence-transformers'."""
    if not folder.has("modules.json"):
        return []
    listed: list[dict[str, Any]] = folder.json("modules.json", list[dict[str, Any]])
    return [(str(module.get("type", "")), str(module.get("path", ""))) for module in listed]
