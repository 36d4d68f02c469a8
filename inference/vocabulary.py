"""What a loaded model's vocabulary holds beside its words. The same on both sides of the worker's socket."""

from __future__ import annotations

from msgspec import Struct


class SpecialToken(Struct, frozen=True, array_like=True):
    """A control token: its number, and the text it is written as."""

    id: int
    text: str


class VocabularyInfo(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``special`` tokens by llama.cpp's names for what they do: ``bos``, ``eos``, ``eot``, ``sep``, ``pad``, ``mask``,
    and ``fim_pre``, ``fim_suf``, ``fim_mid``; a model has some of them. ``adds_bos`` and ``adds_eos``: every text gets
    them."""

    n_tokens: int
    special: dict[str, SpecialToken] = {}
    adds_bos: bool = False
    adds_eos: bool = False
