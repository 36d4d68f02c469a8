"""Insert on llama.cpp: which tokens a file names for it, and the prompt made of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from inference.config import LoadOptions
from inference.engine.backend import Backend
from inference.engine.insert import InsertTokens
from inference.engine.opening import llama_available, open_backend
from inference.engine.prepare import Preparer
from inference.request import ChatPrompt, GenerateRequest, Message
from inference.spec import ModelSpec
from tests.gguf_files import write_tiny_gguf

pytestmark = pytest.mark.skipif(not llama_available(), reason="llama-cpp-python is not installed")

PROMPT = ChatPrompt(messages=(Message(role="user", content="a"),), suffix="b")


@pytest.fixture
def filler(tmp_path: Path) -> Iterator[Backend]:
    """A tiny model whose tokens 3, 4 and 5 stand around a gap."""
    names = {"fim_pre": 3, "fim_suf": 4, "fim_mid": 5}
    extra = {f"tokenizer.ggml.{name}_token_id": token for name, token in names.items()}
    path = write_tiny_gguf(tmp_path / "fim.gguf", extra=extra)
    spec = ModelSpec(
        name="fim", digest="0" * 64, model_path=str(path), size_bytes=1, n_ctx_train=256, kv_bytes_per_token=256
    )
    backend = open_backend(
        spec, LoadOptions(num_ctx=64, num_threads=1), kind="llama", on_progress=lambda fraction: None
    )
    yield backend
    backend.close()


def test_a_files_own_tokens_make_the_prompt(filler: Backend) -> None:
    assert filler.info.architecture == "llama"
    texts = ("<|im_start|>", "<|im_end|>", filler.special_piece(5).decode())
    assert filler.info.insert == InsertTokens(prefix=3, suffix=4, middle=5, texts=texts)
    before, after = (filler.tokenize(text, add_special=False, parse_special=False) for text in "ab")
    assert Preparer(filler).prepare(GenerateRequest(prompt=PROMPT)).tokens == [1, 3, *before, 4, *after, 5]


@pytest.mark.real_model
def test_a_model_without_such_tokens_has_none(smollm2: Backend) -> None:
    assert smollm2.info.insert is None
