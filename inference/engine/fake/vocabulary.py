"""The fake backend's vocabulary: 256 bytes after three control tokens, and how llguidance is told of it."""

from __future__ import annotations

from typing import Any

from inference.vocabulary import SpecialToken, VocabularyInfo

BOS, EOS, SPECIAL = 0, 1, 2
SPECIAL_TEXTS = (b"<s>", b"</s>", b"<|fake|>")
N_CONTROL = 3
N_VOCAB = 256 + N_CONTROL
VOCABULARY = VocabularyInfo(
    n_tokens=N_VOCAB,
    special={"bos": SpecialToken(BOS, "<s>"), "eos": SpecialToken(EOS, "</s>")},
    adds_bos=True,
)


def special_tokens(text: str) -> list[int]:
    """The fake's tokens of a text in which ``<|fake|>`` is a token of its own."""
    first, *rest = text.split(SPECIAL_TEXTS[SPECIAL].decode())
    return byte_tokens(first) + [token for part in rest for token in (SPECIAL, *byte_tokens(part))]


def byte_tokens(text: str) -> list[int]:
    """The fake's tokens of a text, for tests."""
    return [byte + N_CONTROL for byte in text.encode()]


class _Source:
    """What llguidance asks of a tokenizer written in Python. A special token is marked by a byte no text has."""

    bos_token_id = BOS
    eos_token_id = EOS
    tokens = (*(b"\xff" + text for text in SPECIAL_TEXTS), *(bytes([byte]) for byte in range(256)))

    def __call__(self, text: bytes) -> list[int]:
        return [byte + N_CONTROL for byte in text]


def new_tokenizer() -> Any:
    """llguidance's LLTokenizer."""
    from llguidance import LLTokenizer
    from llguidance._tokenizer import TokenizerWrapper

    return LLTokenizer(TokenizerWrapper(_Source()), n_vocab=N_VOCAB, eos_token=[EOS])
