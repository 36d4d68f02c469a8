"""What the catalog and the engine learn from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models_app.gguf.facts import GGUFFacts, gguf_facts, human_number
from models_app.gguf.file import gguf_open
from tests.gguf_files import CHATML, write_tiny_gguf


def facts_of(path: Path, **changes: Any) -> GGUFFacts:
    with gguf_open(write_tiny_gguf(path / "m.gguf", **changes)) as file:
        return gguf_facts(file)


def test_a_model_is_described(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, licence="mit", quantization="Q4_1")
    assert facts.architecture == "llama"
    assert facts.quantization == "Q4_1"
    assert facts.parameter_size == "99K"
    assert (facts.context_length, facts.embedding_length, facts.n_vocab) == (2048, 64, 384)
    assert facts.licence == "mit"
    assert facts.chat_template == CHATML
    assert facts.capabilities == ("completion",)


def test_the_cache_of_a_token_counts_every_layer_at_f16(tmp_path: Path) -> None:
    # 2 layers x 2 heads x (16 + 16) numbers x 2 bytes
    assert facts_of(tmp_path).kv_bytes_per_token == 2 * 2 * 32 * 2


def test_heads_may_differ_by_layer_and_in_size(tmp_path: Path) -> None:
    extra = {"llama.attention.key_length": 24, "llama.attention.value_length": 8}
    assert facts_of(tmp_path, extra=extra).kv_bytes_per_token == 2 * 2 * 32 * 2
    assert facts_of(tmp_path, extra=extra | {"llama.attention.key_length": 40}).kv_bytes_per_token == 2 * 2 * 48 * 2


@pytest.mark.parametrize("names", [("fim_pre", "fim_suf", "fim_mid"), ("prefix", "suffix", "middle")])
def test_tokens_around_a_gap_are_for_insert(tmp_path: Path, names: tuple[str, ...]) -> None:
    tokens = {f"tokenizer.ggml.{name}_token_id": 3 for name in names}
    assert facts_of(tmp_path, extra=tokens).capabilities == ("completion", "insert")
    tokens.popitem()
    assert facts_of(tmp_path, extra=tokens).capabilities == ("completion",)


def test_pooling_makes_an_embedding_model(tmp_path: Path) -> None:
    assert facts_of(tmp_path, extra={"llama.pooling_type": 1}).capabilities == ("embedding",)


def test_a_classifier_makes_one_that_ranks(tmp_path: Path) -> None:
    assert facts_of(tmp_path, extra={"llama.pooling_type": 4}).capabilities == ("rerank",)


def test_a_vision_tower_makes_vision(tmp_path: Path) -> None:
    assert facts_of(tmp_path, extra={"llama.vision.block_count": 4}).capabilities == ("completion", "vision")


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (98_624, "99K"), (134_515_008, "134.52M"), (2_000_000, "2M"), (7_000_000_000, "7B"),
     (8_030_261_248, "8.0B"), (70_553_706_496, "70.6B")],
)  # fmt: skip
def test_numbers_are_written_as_ollama_writes_them(number: int, text: str) -> None:
    assert human_number(number) == text


@pytest.mark.real_model
def test_the_real_model_is_described(smollm2_path: Path) -> None:
    with gguf_open(smollm2_path) as file:
        facts = gguf_facts(file)
    assert (facts.parameter_size, facts.quantization) == ("134.52M", "Q4_1")
    assert (facts.context_length, facts.n_vocab, facts.kv_bytes_per_token) == (8192, 49_152, 30 * 3 * 128 * 2)
    assert facts.licence == "apache-2.0"
