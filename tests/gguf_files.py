"""Tiny GGUF files with random weights, for everything that asks for structure and not for sense.

llama.cpp loads them: a llama of two layers and about 400 kB, with a SentencePiece tokenizer that has every byte.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, TokenType
from gguf.quants import quantize

CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_SPECIAL = ("<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>")
_QUANTIZED = {
    "F32": (GGMLQuantizationType.F32, LlamaFileType.ALL_F32),
    "F16": (GGMLQuantizationType.F16, LlamaFileType.MOSTLY_F16),
    "Q8_0": (GGMLQuantizationType.Q8_0, LlamaFileType.MOSTLY_Q8_0),
    "Q4_1": (GGMLQuantizationType.Q4_1, LlamaFileType.MOSTLY_Q4_1),
}


@dataclass(frozen=True, kw_only=True)
class TinyModel:
    """What to write. ``extra`` adds or replaces metadata: text, bool, int, float, or a list of one of them.

    ``split_max_tensors`` > 0 writes files of so many tensors each, named ``stem-00001-of-0000n.gguf``.
    """

    seed: int = 0
    name: str = "Tiny"
    n_layers: int = 2
    n_embd: int = 64
    n_heads: int = 4
    n_heads_kv: int = 2
    n_ff: int = 128
    n_vocab: int = 384
    context_length: int = 2048
    quantization: str = "F32"
    chat_template: str | None = CHATML
    licence: str | None = None
    split_max_tensors: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


def write_tiny_gguf(path: Path, model: TinyModel | None = None, **changes: Any) -> Path:
    """Writes a loadable llama to ``path``: ``write_tiny_gguf(path, seed=3, chat_template=None)``."""
    model = model or TinyModel(**changes)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(path, "llama", split_max_tensors=model.split_max_tensors)
    _write_metadata(writer, model)
    _write_tokenizer(writer, model)
    for key, value in model.extra.items():
        _write_value(writer, key, value)
    _write_weights(writer, model)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_vocabulary_gguf(path: Path, *, n_tokens: int, n_merges: int = 0) -> Path:
    """A file that is all vocabulary and one small tensor: for how fast metadata opens, not for loading."""
    writer = GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([f"token-{index}" for index in range(n_tokens)])
    writer.add_token_scores([float(-index) for index in range(n_tokens)])
    writer.add_token_types([int(TokenType.NORMAL)] * n_tokens)
    if n_merges:
        writer.add_token_merges([f"tok en-{index}" for index in range(n_merges)])
    writer.add_tensor("token_embd.weight", np.zeros((4, 32), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _write_metadata(writer: GGUFWriter, model: TinyModel) -> None:
    writer.add_name(model.name)
    writer.add_context_length(model.context_length)
    writer.add_embedding_length(model.n_embd)
    writer.add_block_count(model.n_layers)
    writer.add_feed_forward_length(model.n_ff)
    writer.add_head_count(model.n_heads)
    writer.add_head_count_kv(model.n_heads_kv)
    writer.add_rope_dimension_count(model.n_embd // model.n_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(_QUANTIZED[model.quantization][1])
    writer.add_vocab_size(model.n_vocab)
    if model.licence is not None:
        writer.add_license(model.licence)


def _write_tokenizer(writer: GGUFWriter, model: TinyModel) -> None:
    tokens, types = tiny_vocabulary(model)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores([float(-index) for index in range(model.n_vocab)])
    writer.add_token_types(types)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_eot_token_id(4)
    if model.chat_template is not None:
        writer.add_chat_template(model.chat_template)


def tiny_vocabulary(model: TinyModel) -> tuple[list[str], list[int]]:
    """Tokens and their types."""
    tokens = _vocabulary(model.n_vocab)
    control = dict.fromkeys(_SPECIAL, TokenType.CONTROL) | {"<unk>": TokenType.UNKNOWN}
    types = [control.get(t, TokenType.BYTE if t.startswith("<0x") else TokenType.NORMAL) for t in tokens]
    return tokens, [int(kind) for kind in types]


def _vocabulary(n_vocab: int) -> list[str]:
    tokens = [*_SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), "▁"]
    tokens += [chr(code) for code in range(33, 127)]
    return (tokens + [f"▁w{index}" for index in range(n_vocab)])[:n_vocab]


def _write_weights(writer: GGUFWriter, model: TinyModel) -> None:
    random = np.random.default_rng(model.seed)
    n_kv = model.n_embd // model.n_heads * model.n_heads_kv

    def matrix(name: str, rows: int, columns: int) -> None:
        kind, _ = _QUANTIZED[model.quantization]
        weights = random.standard_normal((rows, columns), dtype=np.float32) * 0.1
        writer.add_tensor(name, quantize(weights, kind), raw_dtype=kind)

    def norm(name: str) -> None:
        writer.add_tensor(name, np.ones(model.n_embd, dtype=np.float32))

    matrix("token_embd.weight", model.n_vocab, model.n_embd)
    norm("output_norm.weight")
    for layer in range(model.n_layers):
        for name, rows in (("attn_q", model.n_embd), ("attn_k", n_kv), ("attn_v", n_kv), ("attn_output", model.n_embd)):
            matrix(f"blk.{layer}.{name}.weight", rows, model.n_embd)
        matrix(f"blk.{layer}.ffn_gate.weight", model.n_ff, model.n_embd)
        matrix(f"blk.{layer}.ffn_up.weight", model.n_ff, model.n_embd)
        matrix(f"blk.{layer}.ffn_down.weight", model.n_embd, model.n_ff)
        norm(f"blk.{layer}.attn_norm.weight")
        norm(f"blk.{layer}.ffn_norm.weight")


def _write_value(writer: GGUFWriter, key: str, value: Any) -> None:
    match value:
        case bool():
            writer.add_bool(key, value)
        case int():
            writer.add_uint32(key, value)
        case float():
            writer.add_float32(key, value)
        case str():
            writer.add_string(key, value)
        case _:
            writer.add_array(key, value)
