"""Answers about tokens, in both vocabularies."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from api_openai.schema import Answer


class TokenPiece(Answer, frozen=True, kw_only=True):
    """``piece`` is text, or bytes where it is no whole character."""

    id: int
    piece: str | list[int]


class Tokens(Answer, frozen=True, kw_only=True):
    """``max_model_len``: tokens of a prompt and its answer together. Numbers below 0 stand for parts of an image."""

    model: str
    count: int
    max_model_len: int
    tokens: list[int | TokenPiece]
    token_strs: list[str] | UnsetType | None = UNSET


class Text(Answer, frozen=True, kw_only=True):
    """The same text under both of its names."""

    model: str
    prompt: str
    content: str


class TokenizerInfo(Answer, frozen=True, kw_only=True):
    """``special_tokens`` by llama.cpp's names for what they do."""

    model: str
    tokenizer_class: str
    vocab_size: int
    max_model_len: int
    model_max_length: int
    add_bos_token: bool
    add_eos_token: bool
    bos_token: str | None
    bos_token_id: int | None
    eos_token: str | None
    eos_token_id: int | None
    pad_token: str | None
    pad_token_id: int | None
    special_tokens: dict[str, int]
    chat_template: str | None
