"""Tiny GGUF files with random weights that rank: a BERT with a classifier on its first token, a Qwen 3 on its last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFWriter, LlamaFileType, PoolingType, TokenType

from tests import gguf_files
from tests.gguf_files import TinyModel

N_EMBD, N_FF, N_LAYERS, N_HEADS, N_CTX = 64, 128, 2, 4, 512
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,?!"
TEMPLATE = "<|im_start|>Is it so?\nQuery: {query}\nDocument: {document}<|im_end|>\n"


def write_tiny_bert_ranker(path: Path, *, seed: int = 0) -> Path:
    """Its words are single characters."""
    writer = GGUFWriter(path, "bert")
    writer.add_name("Tiny ranker")
    writer.add_file_type(LlamaFileType.ALL_F32)
    writer.add_block_count(N_LAYERS)
    writer.add_context_length(N_CTX)
    writer.add_embedding_length(N_EMBD)
    writer.add_feed_forward_length(N_FF)
    writer.add_head_count(N_HEADS)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(PoolingType.RANK)
    words = [*_SPECIAL, *(f"▁{letter}" for letter in _LETTERS), *_LETTERS]
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("jina-v2-en")
    writer.add_token_list(words)
    writer.add_token_types([int(TokenType.CONTROL if word in _SPECIAL else TokenType.NORMAL) for word in words])
    writer.add_pad_token_id(0)
    writer.add_unk_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_sep_token_id(3)
    writer.add_mask_token_id(4)
    writer.add_token_type_count(2)
    _write_bert_weights(_Random(writer, seed), n_vocab=len(words))
    return _finished(writer, path)


def write_tiny_qwen3_ranker(path: Path, *, template: str | None = TEMPLATE, seed: int = 0) -> Path:
    """Says how likely yes and no are, as Qwen3-Reranker does."""
    model = TinyModel(seed=seed)
    writer = GGUFWriter(path, "qwen3")
    gguf_files._write_metadata(writer, model)
    gguf_files._write_tokenizer(writer, model)
    writer.add_pooling_type(PoolingType.RANK)
    writer.add_classifier_output_labels(["yes", "no"])
    if template is not None:
        writer.add_string("tokenizer.chat_template.rerank", template)
    gguf_files._write_weights(writer, model)
    for layer in range(model.n_layers):
        for name in ("attn_q_norm", "attn_k_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(model.n_embd // model.n_heads, np.float32))
    _Random(writer, seed + 1).tensor("cls.output.weight", 2, model.n_embd)
    return _finished(writer, path)


class _Random:
    def __init__(self, writer: GGUFWriter, seed: int) -> None:
        self._writer = writer
        self._random = np.random.default_rng(seed)

    def tensor(self, name: str, *shape: int) -> None:
        values: Any = self._random.standard_normal(shape, np.float32) * np.float32(0.2)
        self._writer.add_tensor(name, values)

    def linear(self, name: str, rows: int, columns: int) -> None:
        self.tensor(f"{name}.weight", rows, columns)
        self.tensor(f"{name}.bias", rows)

    def norm(self, name: str) -> None:
        self._writer.add_tensor(f"{name}.weight", np.ones(N_EMBD, np.float32))
        self.tensor(f"{name}.bias", N_EMBD)


def _write_bert_weights(random: _Random, *, n_vocab: int) -> None:
    random.tensor("token_embd.weight", n_vocab, N_EMBD)
    random.tensor("token_types.weight", 2, N_EMBD)
    random.tensor("position_embd.weight", N_CTX, N_EMBD)
    random.norm("token_embd_norm")
    for layer in range(N_LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            random.linear(f"blk.{layer}.{name}", N_EMBD, N_EMBD)
        random.norm(f"blk.{layer}.attn_output_norm")
        random.linear(f"blk.{layer}.ffn_up", N_FF, N_EMBD)
        random.linear(f"blk.{layer}.ffn_down", N_EMBD, N_FF)
        random.norm(f"blk.{layer}.layer_output_norm")
    random.linear("cls", N_EMBD, N_EMBD)
    random.linear("cls.output", 1, N_EMBD)


def _finished(writer: GGUFWriter, path: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
