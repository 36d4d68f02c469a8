from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.engine.detokenizer import Detokenizer
from inference.events import TextDelta, TokenLogprob


def deltas(pieces: list[bytes], *stops: str) -> tuple[list[TextDelta], Detokenizer]:
    """What goes out for the pieces, up to the stop if one is found, and at the end."""
    detokenizer = Detokenizer(stops)
    out = []
    for piece in pieces:
        out.append(detokenizer.feed(piece))
        if detokenizer.stop_sequence is not None:
            break
    out.append(detokenizer.flush())
    return [delta for delta in out if delta is not None], detokenizer


def texts(pieces: list[bytes], *stops: str) -> list[str]:
    return [delta.text for delta in deltas(pieces, *stops)[0]]


def one_by_one(text: str) -> list[bytes]:
    return [bytes([byte]) for byte in text.encode()]


def test_whole_pieces_go_out_at_once() -> None:
    assert texts([b"Hello", b" world"]) == ["Hello", " world"]


@pytest.mark.parametrize("text", ["😀", "日本語", "👩‍👩‍👧‍👦 family", "naïve café", "🇩🇪"])
def test_a_character_split_over_tokens_goes_out_whole(text: str) -> None:
    out = texts(one_by_one(text))
    assert "".join(out) == text
    assert "�" not in "".join(out)


def test_tokens_of_one_character_are_counted_with_it() -> None:
    out, _ = deltas(one_by_one("a😀"))
    assert [(delta.text, delta.n_tokens) for delta in out] == [("a", 1), ("😀", 4)]


def test_an_answer_that_ends_inside_a_character_ends_with_one_replacement() -> None:
    assert texts(["😀".encode()[:3]]) == ["�"]


def test_bytes_that_are_no_text_are_replaced_and_do_not_block_what_follows() -> None:
    assert "".join(texts([b"\xff", b"ok"])) == "�ok"


@pytest.mark.parametrize(
    ("pieces", "stop", "expected"),
    [
        ([b"one ", b"STOP", b" two"], "STOP", "one "),
        ([b"one S", b"TO", b"P two"], "STOP", "one "),
        (one_by_one("one STOP two"), "STOP", "one "),
        (one_by_one("aaab"), "aab", "a"),
        ([b"x\n\n", b"y"], "\n\n", "x"),
        (one_by_one("日本語。終"), "。", "日本語"),
        ([b"STOP"], "STOP", ""),
    ],
)
def test_a_stop_string_ends_the_text_before_it(pieces: list[bytes], stop: str, expected: str) -> None:
    out, detokenizer = deltas(pieces, stop)
    assert "".join(delta.text for delta in out) == expected
    assert detokenizer.stop_sequence == stop


def test_what_may_become_a_stop_is_held_back_and_goes_out_when_it_does_not() -> None:
    detokenizer = Detokenizer(("STOP",))
    assert detokenizer.feed(b"a ST") == TextDelta("a ", 1)
    assert detokenizer.feed(b"O") is None
    assert detokenizer.feed(b"R") == TextDelta("STOR", 2)


def test_a_stop_that_never_came_goes_out_at_the_end() -> None:
    assert texts([b"end ST"], "STOP") == ["end ", "ST"]


def test_the_first_of_several_stops_wins() -> None:
    out, detokenizer = deltas([b"a B c A"], "A", "B")
    assert ("".join(delta.text for delta in out), detokenizer.stop_sequence) == ("a ", "B")


def test_an_empty_stop_is_no_stop() -> None:
    assert texts([b"text"], "") == ["text"]


def test_logprobs_travel_with_their_text_and_not_past_a_stop() -> None:
    detokenizer = Detokenizer(("STOP",))
    logprobs = [TokenLogprob(token, b"", 0.0) for token in range(3)]
    first = detokenizer.feed(b"a", logprobs[0])
    assert first is not None
    assert first.logprobs == (logprobs[0],)
    assert detokenizer.feed(b"ST", logprobs[1]) is None
    assert detokenizer.feed(b"OP", logprobs[2]) is None
    assert detokenizer.flush() is None


@given(text=st.text(max_size=60), cuts=st.lists(st.integers(0, 240), max_size=20), stop=st.text(max_size=4))
def test_any_text_cut_anywhere_comes_out_as_it_is_up_to_the_stop(text: str, cuts: list[int], stop: str) -> None:
    data = text.encode()
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    out, _ = deltas(pieces, stop)
    expected = text.partition(stop)[0] if stop else text
    assert "".join(delta.text for delta in out) == expected
    if not (stop and stop in text):
        assert sum(delta.n_tokens for delta in out) == len(pieces)
