"""A model's vocabulary: what is told of it, and how llguidance wants it.

llguidance.llamacpp does the same as ``new_tokenizer``, by functions that are deprecated.
"""

from __future__ import annotations

import ctypes
from typing import Any

import llama_cpp.llama_cpp as lib

from inference.engine.llama.text import read_piece, special_text
from inference.vocabulary import SpecialToken, VocabularyInfo

# What llguidance puts in front of a special token's bytes: no text has it.
SPECIAL = b"\xff"

ROLES = ("bos", "eos", "eot", "sep", "pad", "mask", "fim_pre", "fim_suf", "fim_mid")


def vocabulary_info(vocab: Any) -> VocabularyInfo:
    found = {role: int(getattr(lib, f"llama_vocab_{role}")(vocab)) for role in ROLES}
    return VocabularyInfo(
        n_tokens=lib.llama_vocab_n_tokens(vocab),
        special={role: SpecialToken(token, special_text(vocab, token)) for role, token in found.items() if token >= 0},
        adds_bos=bool(lib.llama_vocab_get_add_bos(vocab)),
        adds_eos=bool(lib.llama_vocab_get_add_eos(vocab)),
    )


def new_tokenizer(vocab: Any) -> Any:
    """llguidance's LLTokenizer, which goes on using ``vocab``. Any of the tokens that end a generation ends an
    answer."""
    from llguidance import LLTokenizer

    n_vocab = lib.llama_vocab_n_tokens(vocab)
    ends = [token for token in range(n_vocab) if lib.llama_vocab_is_eog(vocab, token)]
    return LLTokenizer.from_llamacpp(  # type: ignore[attr-defined]
        tokens=[_bytes(vocab, token) for token in range(n_vocab)],
        vocab_ptr=vocab,
        tokenize_fptr=ctypes.cast(lib._lib.llama_tokenize, ctypes.c_void_p).value,
        eos_token=ends or lib.llama_vocab_eos(vocab),
        slices=None,
    )


def _bytes(vocab: Any, token: int) -> bytes:
    piece = read_piece(vocab, token, special=True)
    return SPECIAL + piece if _is_special(lib.llama_vocab_get_attr(vocab, token), piece) else piece


def _is_special(attributes: int, piece: bytes) -> bool:
    """Also a token added for a model's own markup, as ``<tool_call>`` is: nobody's text is made of it."""
    if attributes & lib.LLAMA_TOKEN_ATTR_CONTROL:
        return True
    return bool(attributes & lib.LLAMA_TOKEN_ATTR_USER_DEFINED) and piece.startswith(b"<") and piece.endswith(b">")
