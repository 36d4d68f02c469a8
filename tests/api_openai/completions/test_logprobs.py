from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from api_openai.completions.logprobs import LogprobsWriter, joined, token_text
from inference.events import TokenLogprob


def tokens(*pieces: bytes) -> list[TokenLogprob]:
    return [TokenLogprob(index, piece, -float(index)) for index, piece in enumerate(pieces)]


def test_the_chosen_token_is_among_its_alternatives() -> None:
    chosen = TokenLogprob(7, b"c", -3.0, (TokenLogprob(1, b"a", -0.5), TokenLogprob(2, b"a", -1.0)))
    shown = LogprobsWriter().answer([chosen])
    assert shown == {
        "tokens": ["c"],
        "token_logprobs": [-3.0],
        "top_logprobs": [{"a": -0.5, "c": -3.0}],
        "text_offset": [0],
    }


def test_a_part_of_a_character_is_written_in_bytes_and_takes_no_room_before_it_is_whole() -> None:
    shown = LogprobsWriter().answer(tokens(b"a", b"\xe2\x82", b"\xac", b"b"))
    assert shown is not None
    assert shown["tokens"] == ["a", "bytes:\\xe2\\x82", "bytes:\\xac", "b"]
    assert shown["text_offset"] == [0, 1, 1, 2]


def test_offsets_go_on_from_piece_to_piece() -> None:
    writer = LogprobsWriter()
    writer.echo("ab")
    first, second = writer.answer(tokens(b"cd")), writer.answer(tokens(b"e", b"f"))
    assert first is not None
    assert second is not None
    assert (first["text_offset"], second["text_offset"]) == ([2], [4, 5])
    both = joined(first, second)
    assert both is not None
    assert both["text_offset"] == [2, 4, 5]
    assert joined(None, first) is first


def test_the_first_token_of_a_prompt_has_none_and_one_that_the_text_lacks_is_at_its_beginning() -> None:
    writer = LogprobsWriter()
    shown = writer.prompt(tokens(b"<s>", b" He", b"llo"), "Hello")
    assert shown == {
        "tokens": ["<s>", " He", "llo"],
        "token_logprobs": [None, -1.0, -2.0],
        "top_logprobs": [None, {" He": -1.0}, {"llo": -2.0}],
        "text_offset": [0, 0, 2],
    }
    following = writer.answer(tokens(b"!"))
    assert following is not None
    assert following["text_offset"] == [5]


@settings(max_examples=40)
@given(st.text(max_size=12), st.lists(st.integers(0, 40), max_size=6))
def test_offsets_are_where_whole_characters_begin(text: str, cuts: list[int]) -> None:
    data = text.encode()
    bounds = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[a:b] for a, b in pairwise(bounds)]
    shown = LogprobsWriter().prompt(tokens(*pieces), text)
    if shown is None:
        assert text == ""
        return
    for start, offset, one in zip(bounds, shown["text_offset"], tokens(*pieces), strict=False):
        assert offset == len(data[:start].decode(errors="ignore"))
        if not token_text(one).startswith("bytes:"):
            assert text[offset:].startswith(token_text(one))
