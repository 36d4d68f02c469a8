"""What a compiler has to know of a model's vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# llguidance's LLTokenizer: it can't be named here without importing it.
LLTokenizer = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """``build`` makes llguidance's tokenizer, with every token that ends a generation among its ends: slow (half a
    second for 50 000 tokens), called once. ``tokenize`` takes special tokens' texts for those tokens, and ``piece``
    gives a token's bytes."""

    build: Callable[[], LLTokenizer]
    tokenize: Callable[[str], list[int]]
    piece: Callable[[int], bytes]
