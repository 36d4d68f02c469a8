"""Tokenizers as llama.cpp has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGUFReader

from inference.config import LoadOptions
from inference.engine.opening import open_backend
from inference.spec import ModelSpec
from models_app.errors import InvalidCreate, UnsupportedModel
from models_app.safetensors import sentencepiece, tokenizer_json
from models_app.safetensors.convert import model_convert
from models_app.safetensors.folder import Folder
from models_app.safetensors.pretokenizer import pretokenizer_name
from models_app.safetensors.vocabulary import TokenType
from tests.safetensors_files import folder_of, tiny_weights, write_safetensors, write_tiny_folder

BYTE_LEVEL = {"type": "ByteLevel"}
LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)


def split(pattern: str) -> dict[str, Any]:
    steps = [{"type": "Split", "pattern": {"Regex": pattern}}, BYTE_LEVEL]
    return {"type": "Sequence", "pretokenizers": steps}


def read(tmp_path: Path, tokenizer: dict[str, Any]) -> Any:
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    return tokenizer_json.vocabulary_read(Folder(folder_of(tmp_path)))


@pytest.mark.parametrize(
    ("rules", "name"),
    [
        (BYTE_LEVEL, "gpt-2"),
        ({"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, BYTE_LEVEL]}, "smollm"),
        (split(LLAMA_3), "llama-bpe"),
        (split(LLAMA_3.replace(r"\p{N}{1,3}", r"\p{N}")), "qwen2"),
    ],
)
def test_the_way_of_cutting_words_has_a_name(rules: dict[str, Any], name: str) -> None:
    assert pretokenizer_name(rules) == name


@pytest.mark.parametrize("rules", [None, {}, split("a+"), {"type": "Whitespace"}, {"pretokenizers": 3}])
def test_a_way_without_a_name_is_refused(rules: Any) -> None:
    with pytest.raises(UnsupportedModel, match="in a way that has no name"):
        pretokenizer_name(rules)


def test_a_byte_level_tokenizer_keeps_its_merges(tmp_path: Path) -> None:
    added = [{"id": 3, "content": "<|end|>", "special": True}, {"id": 5, "content": "<tool>"}]
    model = {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}
    found = read(tmp_path, {"model": model, "added_tokens": added, "pre_tokenizer": BYTE_LEVEL})
    assert (found.model, found.pre, found.merges) == ("gpt2", "gpt-2", ["a b"])
    assert found.tokens == ["a", "b", "ab", "<|end|>", "[PAD4]", "<tool>"]
    assert found.types[3:] == [TokenType.CONTROL, TokenType.UNUSED, TokenType.USER_DEFINED]


def test_a_tokenizer_with_bytes_to_fall_back_on_is_sentencepiece(tmp_path: Path) -> None:
    vocab = {"<unk>": 0, "<0x00>": 1, "a": 2, "b": 3, "c": 4, "bc": 5, "ab": 6}
    model = {"vocab": vocab, "merges": ["b c", "a b"], "byte_fallback": True, "unk_token": "<unk>"}
    found = read(tmp_path, {"model": model})
    assert found.model == "llama"
    assert found.types[:3] == [TokenType.UNKNOWN, TokenType.BYTE, TokenType.NORMAL]
    assert found.scores[5] > found.scores[6] > found.scores[2], "what merges first scores highest"


@pytest.mark.parametrize(
    ("tokenizer", "message"),
    [
        ({"model": {"type": "Unigram", "vocab": [["a", 0.5]]}}, "tokenizers of type Unigram can't be converted"),
        ({"model": {"type": "WordPiece", "vocab": {"a": 0}}}, "upper case"),
        ({"model": {"type": "BPE", "vocab": {}}}, "its token ids are not in range"),
        ({"model": {"type": "BPE", "vocab": {"a": -1}}}, "its token ids are not in range"),
        ({"model": {"type": "BPE", "vocab": {"a": 1 << 40}}}, "its token ids are not in range"),
        ({"model": 3}, "tokenizer.json: "),
    ],
)
def test_tokenizers_that_can_not_be_are_refused(tmp_path: Path, tokenizer: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidCreate, match=message):
        read(tmp_path, tokenizer)


@pytest.mark.parametrize(
    "data", [b"", b"\x0a", b"\x0a\xff\xff\xff\xff\x0f", b"\xff" * 20, b"\x0a\x02\x08\x01", b"\x07"]
)
def test_bytes_that_are_no_sentencepiece_model_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "tokenizer.model").write_bytes(data)
    with pytest.raises(InvalidCreate):
        sentencepiece.vocabulary_read(Folder(folder_of(tmp_path)))


def test_tokens_are_added_behind_sentencepieces_own(tmp_path: Path) -> None:
    folder = write_tiny_folder(tmp_path / "tiny")
    (folder / "added_tokens.json").write_text(json.dumps({"<b>": 385, "<a>": 384}))
    found = sentencepiece.vocabulary_read(Folder(folder_of(folder)))
    assert found.tokens[-2:] == ["<a>", "<b>"]
    assert found.types[-1] == TokenType.USER_DEFINED


@pytest.mark.slow
@pytest.mark.real_model
def test_smollm2s_tokenizer_cuts_as_it_does_in_its_own_file(tmp_path: Path, smollm2_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    folder = _smollm2_folder(tmp_path / "smol", smollm2_path)
    model_convert(Folder(folder_of(folder)), tmp_path / "ours.gguf", on_tensor=lambda done, total: None)
    texts = ["Hello, world!", "  12345 äöü 你好 <|im_start|>user\n", "def f(x):\n\treturn x**2", "don't\r\n\r\nyou're"]
    cut = [_tokenize(path, texts) for path in (smollm2_path, tmp_path / "ours.gguf")]
    assert cut[0] == cut[1]


def _smollm2_folder(folder: Path, gguf: Path) -> Path:
    """Its real tokenizer, under a tiny model."""
    reader = GGUFReader(gguf)
    tokens, types, merges = (
        reader.get_field(f"tokenizer.ggml.{name}").contents()  # type: ignore[union-attr]
        for name in ("tokens", "token_type", "merges")
    )
    write_tiny_folder(folder, config={"vocab_size": len(tokens)})
    (folder / "tokenizer.model").unlink()
    weights = tiny_weights()
    weights["model.embed_tokens.weight"] = np.zeros((len(tokens), 64), np.float32)
    write_safetensors(folder / "model.safetensors", weights)
    special = [number for number, kind in enumerate(types) if kind == TokenType.CONTROL]
    tokenizer = {
        "model": {"type": "BPE", "vocab": {token: number for number, token in enumerate(tokens)}, "merges": merges},
        "added_tokens": [{"id": number, "content": tokens[number], "special": True} for number in special],
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Digits", "individual_digits": True}, BYTE_LEVEL],
        },
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    return folder


def _tokenize(path: Path, texts: list[str]) -> list[list[int]]:
    spec = ModelSpec(
        name="m", digest="0" * 64, model_path=str(path), size_bytes=1, n_ctx_train=2048, kv_bytes_per_token=512
    )
    options = LoadOptions(num_ctx=64, num_parallel=1, num_threads=1, gpu_layers=0)
    backend = open_backend(spec, options, kind="llama", on_progress=lambda _: None)
    try:
        return [backend.tokenize(text, add_special=False, parse_special=True) for text in texts]
    finally:
        backend.close()
