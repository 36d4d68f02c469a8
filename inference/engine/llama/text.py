"""Tokens from text and text from tokens, by a model's vocabulary. Any thread: a vocabulary is only read."""

from __future__ import annotations

import ctypes
from typing import Any

import llama_cpp.llama_cpp as lib
import numpy as np


def tokenize(vocab: Any, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
    data = text.encode()
    capacity = len(data) + 2  # a token per byte, a first and a last one
    while True:
        tokens = np.empty(capacity, np.int32)
        pointer = tokens.ctypes.data_as(ctypes.POINTER(lib.llama_token))
        n = lib.llama_tokenize(vocab, data, len(data), pointer, capacity, add_special, parse_special)
        if n >= 0:
            return tokens[:n].tolist()  # type: ignore[no-any-return]
        capacity = -n


def read_piece(vocab: Any, token: int, *, special: bool) -> bytes:
    """The bytes a token stands for; those of a control token only with ``special``."""
    size = 64
    while True:
        buffer = ctypes.create_string_buffer(size)
        n = lib.llama_token_to_piece(vocab, token, buffer, size, 0, special)
        if n >= 0:
            return buffer.raw[:n]
        size = -n


def special_text(vocab: Any, token: int) -> str:
    """Empty for a token that the vocabulary has not (-1)."""
    return "" if token < 0 else read_piece(vocab, token, special=True).decode(errors="replace")


def metadata(model: Any, key: str) -> str:
    """A short value of the file's metadata as text; empty where it is not there."""
    buffer = ctypes.create_string_buffer(128)
    n = lib.llama_model_meta_val_str(model, key.encode(), buffer, len(buffer))
    return buffer.value.decode(errors="replace") if n >= 0 else ""
