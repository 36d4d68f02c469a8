"""tokenizer.json, as Hugging Face's tokenizers write it."""

from __future__ import annotations

import re
from typing import Any, Final

from msgspec import Struct

from models_app.errors import InvalidCreate, UnsupportedModel
from models_app.safetensors.folder import Folder
from models_app.safetensors.pretokenizer import pretokenizer_name
from models_app.safetensors.vocabulary import TokenType, Vocabulary

NAME: Final = "tokenizer.json"
MAX_TOKENS: Final = 4 << 20
_BYTE: Final = re.compile(r"<0x[0-9A-F]{2}>")
_BEGIN = "\u2581"  # SentencePiece's mark of a word's begin


class _Model(Struct):
    type: str = "BPE"
    vocab: dict[str, int] | list[Any] = {}
    merges: list[str | tuple[str, str]] = []
    byte_fallback: bool = False
    unk_token: str | None = None


class AddedToken(Struct):
    id: int
    content: str
    special: bool = False


class _Tokenizer(Struct):
    model: _Model
    added_tokens: list[AddedToken] = []
    normalizer: Any = None
    pre_tokenizer: Any = None


def vocabulary_read(folder: Folder) -> Vocabulary:
    """Raises InvalidCreate, UnsupportedModel."""
    tokenizer = folder.json(NAME, _Tokenizer)
    model = tokenizer.model
    if not isinstance(model.vocab, dict) or model.type not in ("BPE", "WordPiece"):
        raise UnsupportedModel(f"tokenizers of type {model.type[:40]} can't be converted; supported are BPE, WordPiece")
    tokens, types = _tokens(tokenizer)
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model.merges]
    if model.type == "WordPiece":
        return _word_pieces(tokenizer, tokens, types)
    if model.byte_fallback:
        return Vocabulary(model="llama", pre="default", tokens=tokens, types=types, scores=_scores(tokens, merges))
    pre = pretokenizer_name(tokenizer.pre_tokenizer)
    return Vocabulary(model="gpt2", pre=pre, tokens=tokens, types=types, merges=merges)


def _tokens(tokenizer: _Tokenizer) -> tuple[list[str], list[TokenType]]:
    model = tokenizer.model
    assert isinstance(model.vocab, dict)
    by_id = {number: (token, _type(token, model)) for token, number in model.vocab.items()}
    for added in tokenizer.added_tokens:
        by_id[added.id] = (added.content, TokenType.CONTROL if added.special else TokenType.USER_DEFINED)
    n_tokens = max(by_id, default=-1) + 1
    if not 0 < n_tokens <= MAX_TOKENS or min(by_id) < 0:
        raise InvalidCreate(f"{NAME}: its token ids are not in range")
    gap = TokenType.UNUSED
    pairs = [by_id.get(number, (f"[PAD{number}]", gap)) for number in range(n_tokens)]
    return [token for token, _ in pairs], [kind for _, kind in pairs]


def _type(token: str, model: _Model) -> TokenType:
    if token == model.unk_token:
        return TokenType.UNKNOWN
    return TokenType.BYTE if model.byte_fallback and _BYTE.fullmatch(token) else TokenType.NORMAL


def _scores(tokens: list[str], merges: list[str]) -> list[float]:
    """SentencePiece joins the pair whose token scores highest, BPE the pair whose merge comes first: the same order."""
    ranks: dict[str, int] = {}
    for rank, merge in enumerate(merges):
        ranks.setdefault(merge.replace(" ", "", 1), rank)
    return [-float(ranks.get(token, len(merges))) for token in tokens]


def _word_pieces(tokenizer: _Tokenizer, tokens: list[str], types: list[TokenType]) -> Vocabulary:
    """llama.cpp's WordPiece marks words that begin, where BERT marks those that go on, and has no upper case."""
    normalizer = tokenizer.normalizer
    if not isinstance(normalizer, dict) or not normalizer.get("lowercase"):
        raise UnsupportedModel("a WordPiece tokenizer that tells upper case from lower can't be converted")
    control = (TokenType.CONTROL, TokenType.UNKNOWN)
    marked = [token if kind in control else _phantom(token) for token, kind in zip(tokens, types, strict=True)]
    return Vocabulary(model="bert", pre="default", tokens=marked, types=types)


def _phantom(token: str) -> str:
    if token.startswith("[") and token.endswith("]"):
        return token
    return token[2:] if token.startswith("##") else _BEGIN + token
