"""Special tokens in Lark grammars. llguidance never matches one by its text: it has to be asked for by its number."""

from __future__ import annotations

import json
import re
from typing import Any

from inference.constrain.vocabulary import Vocabulary

# What a Lark text is made of, as far as strings go: comments, regular expressions, attributes (whose strings are no
# literals), inline JSON (which is found the end of by a JSON decoder) and strings.
_PARTS = re.compile(
    r"""//[^\n]*|/(?!/)(?:\\.|[^/\\\n])+/[a-z]*|\w+\s*=\s*"(?:\\.|[^"\\])*"|%json\s*(?=\{)|(?P<string>"(?:\\.|[^"\\])*"i?)"""
)


def as_tokens(lark: str, texts: tuple[str, ...], vocabulary: Vocabulary, tokenizer: Any) -> str:
    """``lark`` with the string literals that are one of ``texts``, and one special token, as those tokens."""
    numbers = {text: _special(text, vocabulary, tokenizer) for text in texts}
    out, position = [], 0
    while found := _PARTS.search(lark, position):
        out.append(lark[position : found.start()])
        position = found.end()
        if found[0].startswith("%json"):
            position = _end_of_json(lark, position)
        out.append(_replaced(found["string"], numbers) or lark[found.start() : position])
    return "".join([*out, lark[position:]])


def marker(text: str, vocabulary: Vocabulary, tokenizer: Any) -> str:
    """Lark for a text as a model writes it: special tokens by number, what is between them as strings."""
    out: list[str] = []
    literal = b""
    for token in vocabulary.tokenize(text):
        if not tokenizer.is_special_token(token):
            literal += vocabulary.piece(token)
            continue
        out += [_string(literal), f"<[{token}]>"]
        literal = b""
    return " ".join(filter(None, [*out, _string(literal)]))


class Speller:
    """Bytes as tokens: those of ``texts`` that are a special token as that token, the rest as the tokenizer has it."""

    def __init__(self, texts: tuple[str, ...], vocabulary: Vocabulary, tokenizer: Any) -> None:
        numbers = {text.encode(): _special(text, vocabulary, tokenizer) for text in texts}
        self._numbers = {text: number for text, number in numbers.items() if number is not None}
        self._parts = re.compile(b"(" + b"|".join(map(re.escape, self._numbers)) + b")") if self._numbers else None
        self._tokenizer = tokenizer

    def __call__(self, data: bytes) -> list[int] | None:
        """None where no tokens have exactly these bytes."""
        tokens: list[int] = []
        for part in self._parts.split(data) if self._parts else [data]:
            spelled = [self._numbers[part]] if part in self._numbers else self._plain(part)
            if spelled is None:
                return None
            tokens += spelled
        return tokens

    def _plain(self, data: bytes) -> list[int] | None:
        if not data:
            return []
        tokens: list[int] = self._tokenizer.tokenize_bytes(data)
        if self._tokenizer.decode_bytes(tokens) == data:
            return tokens
        # Some vocabularies put a space in front of every text.
        tokens = self._tokenizer.greedy_tokenize(data.decode(errors="replace"))
        return tokens if self._tokenizer.decode_bytes(tokens) == data else None


def _string(data: bytes) -> str:
    return json.dumps(data.decode(errors="replace"), ensure_ascii=False) if data else ""


def _special(text: str, vocabulary: Vocabulary, tokenizer: Any) -> int | None:
    tokens = vocabulary.tokenize(text)
    return tokens[0] if len(tokens) == 1 and tokenizer.is_special_token(tokens[0]) else None


def _replaced(string: str | None, numbers: dict[str, int | None]) -> str:
    try:
        number = numbers.get(json.loads(string)) if string else None
    except ValueError:  # an escape that JSON does not have
        return ""
    return "" if number is None else f"<[{number}]>"


def _end_of_json(lark: str, start: int) -> int:
    try:
        return json.JSONDecoder().raw_decode(lark, start)[1]
    except (ValueError, RecursionError):
        return len(lark)  # no grammar, as llguidance will say
