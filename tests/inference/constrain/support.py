"""A compiler on the fake backend's vocabulary of bytes, and answers driven through its matchers."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any

from inference.constrain import Compiler, Matcher, Vocabulary
from inference.engine.fake.vocabulary import EOS, N_CONTROL, N_VOCAB, SPECIAL_TEXTS, new_tokenizer, special_tokens
from inference.request import Constraint


def piece(token: int) -> bytes:
    return SPECIAL_TEXTS[token] if token < N_CONTROL else bytes([token - N_CONTROL])


VOCABULARY = Vocabulary(build=new_tokenizer, tokenize=special_tokens, piece=piece)


@cache
def compiler() -> Compiler:
    return Compiler(VOCABULARY, n_vocab=N_VOCAB)


def schema(value: Any) -> Constraint:
    return Constraint(kind="json_schema", text=json.dumps(value))


def lark(text: str) -> Constraint:
    return Constraint(kind="lark", text=text)


def next_texts(matcher: Matcher) -> set[str]:
    """The texts of the tokens that may come next; bytes as Latin-1."""
    return {piece(int(token)).decode("latin-1") for token in matcher.allowed().nonzero()[0]}


def follows(matcher: Matcher, text: str) -> bool:
    """Takes ``text`` token by token; False at the first that is not allowed."""
    for token in special_tokens(text):
        if matcher.is_complete or not matcher.allowed()[token]:
            return False
        matcher.accept(token)
    return True


def is_whole(constraint: Constraint, text: str, **options: Any) -> bool:
    """Whether ``text`` is an answer that may end where it does."""
    matcher = compiler().matcher(constraint, **options)
    return follows(matcher, text) and bool(matcher.is_complete or matcher.allowed()[EOS])


def wander(matcher: Matcher, chance: random.Random, *, most: int = 3000) -> str | None:
    """An answer of any tokens that are allowed, of those that lead to its end every other time; None if it has none
    after ``most`` of them."""
    data = b""
    closing = special_tokens('"}],:')
    for _ in range(most):
        if matcher.is_complete:
            return data.decode()
        allowed = matcher.allowed()
        if allowed[EOS]:
            return data.decode()
        ends = [token for token in closing if allowed[token]]
        token = chance.choice(ends if ends and chance.random() < 0.5 else allowed.nonzero()[0].tolist())
        matcher.accept(token)
        data += piece(token)
    return None
