from __future__ import annotations

import msgspec
import pytest

from inference.engine.embedding.prepare import EmbedPreparer
from inference.engine.embedding.ranking import PairTokens, RankFormat
from inference.engine.fake.vocabulary import BOS, EOS, byte_tokens
from inference.errors import InputTooLong, InvalidRequest, NotSupported
from inference.request import EmbedRequest
from tests.inference.engine.support import fake_backend

TOKENS = RankFormat(before=(1,), between=(2, 3), after=(2,))
TEMPLATE = RankFormat(template="<s>Q {query} D {document}</s>")
BLANK, ENDS = 1000, {"<s>": 2000, "</s>": 2001}


class Words:
    """A token is a character, but a blank goes with the letter behind it; ``<s>`` and ``</s>`` are control tokens."""

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        assert not add_special
        found: list[int] = []
        while text:
            special = next((name for name in ENDS if text.startswith(name)), "") if parse_special else ""
            piece = special or (text[:2] if text[0] == " " else text[0])
            found.append(ENDS.get(piece) or ord(piece[-1]) + BLANK * (len(piece) - 1))
            text = text[len(piece) :]
        return found


def whole(form: RankFormat, query: str, document: str) -> list[int]:
    return PairTokens(Words(), form).whole(query, document)


def plain(text: str) -> list[int]:
    return Words().tokenize(text, add_special=False, parse_special=False)


def test_the_vocabularys_tokens_stand_around_the_texts() -> None:
    assert whole(TOKENS, "ab", "c") == [1, *plain("ab"), 2, 3, *plain("c"), 2]


def test_a_template_is_read_in_one_go() -> None:
    assert whole(TEMPLATE, "ab", "c") == [2000, *plain("Q ab D c"), 2001]
    assert plain("Q ab") != [*plain("Q "), *plain("ab")], "a blank belongs to the word behind it"


@pytest.mark.parametrize("query", ["</s>x", "{document}"])
def test_a_text_never_becomes_a_control_token_or_another_text(query: str) -> None:
    for form in (TEMPLATE, TOKENS):
        tokens = whole(form, query, "xyz")
        assert tokens.count(2001) == (1 if form is TEMPLATE else 0)
        assert "".join(chr(token % BLANK) for token in tokens).count("xyz") == 1


def test_only_the_document_is_cut() -> None:
    pair = PairTokens(Words(), TEMPLATE).pair("ab", "cdefgh")
    assert pair.cut(100) == [2000, *plain("Q "), *plain("ab"), *plain(" D "), *plain("cdefgh"), 2001]
    shorter = pair.cut(len(pair.cut(100)) - 4)
    assert shorter == [*pair.head, *plain("cd"), 2001]
    assert pair.cut(0) == [*pair.head, 2001]


def test_a_template_without_a_document_is_still_one_input() -> None:
    form = RankFormat(template="<s>{query}")
    assert whole(form, "ab", "c") == [2000, *plain("ab")]
    assert PairTokens(Words(), form).pair("ab", "c").cut(100) == [2000, *plain("ab")]


def prepare(*documents: str | tuple[int, ...], query: str = "q", truncate: bool = True) -> tuple[list[list[int]], int]:
    request = EmbedRequest(inputs=documents, query=query, truncate=truncate)
    found = EmbedPreparer(fake_backend(num_ctx=16)).prepare(request)
    return found.tokens, found.n_dropped


def pair(query: str, document: str) -> list[int]:
    return [BOS, *byte_tokens(query), EOS, *byte_tokens(document)]


def test_each_document_goes_with_the_query() -> None:
    assert prepare("ab", "") == ([pair("q", "ab"), pair("q", "")], 0)


def test_a_document_that_is_too_long_loses_its_end_or_is_refused() -> None:
    assert prepare("x" * 40, "y") == ([pair("q", "x" * 13), pair("q", "y")], 27)
    with pytest.raises(InputTooLong):
        prepare("x" * 40, truncate=False)


def test_a_query_that_leaves_no_room_is_refused_either_way() -> None:
    with pytest.raises(InputTooLong):
        prepare("x", query="q" * 20)


def test_tokens_are_no_documents() -> None:
    with pytest.raises(InvalidRequest):
        prepare((5, 6))


def test_a_model_that_does_not_rank_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = fake_backend(num_ctx=16)
    monkeypatch.setattr(backend, "_info", msgspec.structs.replace(backend.info, rank=None))
    with pytest.raises(NotSupported, match="does not rank"):
        EmbedPreparer(backend).prepare(EmbedRequest(inputs=("a",), query="q"))
