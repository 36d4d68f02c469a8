from __future__ import annotations

import pytest

from inference.engine.embedding.prepare import EmbedPreparer
from inference.engine.fake.backend import FakeBackend
from inference.engine.fake.vocabulary import BOS, EOS, byte_tokens
from inference.errors import InputTooLong, InvalidRequest
from inference.request import EmbedRequest
from tests.inference.engine.support import fake_backend


def prepared(*inputs: str | tuple[int, ...], num_ctx: int = 0, truncate: bool = True) -> list[list[int]]:
    request = EmbedRequest(inputs=inputs, num_ctx=num_ctx, truncate=truncate)
    return EmbedPreparer(fake_backend(num_ctx=16)).prepare(request).tokens


def test_a_text_gets_the_tokens_that_stand_around_every_text() -> None:
    assert prepared("ab", "") == [[BOS, *byte_tokens("ab")], [BOS]]


def test_tokens_are_taken_as_they_stand() -> None:
    assert prepared((5, 6, 7)) == [[5, 6, 7]]


@pytest.mark.parametrize("tokens", [(), (-1,), (10**6,)])
def test_tokens_that_the_model_has_not_are_refused(tokens: tuple[int, ...]) -> None:
    with pytest.raises(InvalidRequest):
        prepared(tokens)


def test_what_is_too_long_loses_its_end_and_says_how_much() -> None:
    request = EmbedRequest(inputs=("x" * 40, "ab"), num_ctx=8)
    found = EmbedPreparer(fake_backend(num_ctx=16)).prepare(request)
    assert found.tokens == [[BOS, *byte_tokens("x" * 7)], [BOS, *byte_tokens("ab")]]
    assert found.n_dropped == 33


def test_a_context_shorter_than_asked_for_is_the_limit() -> None:
    assert len(prepared("x" * 40, num_ctx=1000)[0]) == 16


def test_without_truncation_it_is_refused_in_ollamas_words() -> None:
    with pytest.raises(InputTooLong, match=r"^the input length exceeds the context length$") as caught:
        prepared("ab", "x" * 40, truncate=False)
    assert (caught.value.n_input, caught.value.n_ctx) == (41, 16)
    assert len(prepared("x" * 15, truncate=False)[0]) == 16


def test_the_token_that_ends_every_text_stays_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def tokenize(self: FakeBackend, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        return [BOS] * add_special + byte_tokens(text) + [EOS] * add_special

    monkeypatch.setattr(FakeBackend, "tokenize", tokenize)
    assert prepared("abcdefgh", num_ctx=5) == [[BOS, *byte_tokens("abc"), EOS]]
