from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from inference.chat.parsing.source import Characters, Ended, Malformed, Markers, Source, Step


def read(step: Callable[[Source], Step[Any]], *pieces: str) -> Any:
    """What a reader returns that is fed these pieces, and then the end."""
    source = Source()
    steps = step(source)
    try:
        next(steps)
        for piece in pieces:
            source.push(piece)
            next(steps)
        source.close()
        next(steps)
    except StopIteration as done:
        return done.value
    raise AssertionError("the reader goes on behind the end")


def text_and_marker(source: Source) -> Step[tuple[str, str]]:
    pieces: list[str] = []
    marker = yield from source.until(Markers("<a>", "<bc>"), pieces.append)
    return "".join(pieces), marker


@pytest.mark.parametrize("pieces", [("x <a> y",), ("x <", "a", "> y"), tuple("x <a> y")])
def test_a_marker_is_found_however_it_is_cut(pieces: tuple[str, ...]) -> None:
    assert read(text_and_marker, *pieces) == ("x ", "<a>")


def test_what_only_looked_like_a_marker_is_text() -> None:
    assert read(text_and_marker, "<", "a", "<b", "d<") == ("<a<bd<", "")


def test_no_more_is_held_back_than_a_marker_that_may_have_begun() -> None:
    seen: list[str] = []
    source = Source()
    steps = source.until(Markers("<a>"), seen.append)
    source.push("text <")
    next(steps)
    assert seen == ["text "]
    source.push("b")
    next(steps)
    assert "".join(seen) == "text <b"


def test_a_marker_within_another_is_refused() -> None:
    with pytest.raises(ValueError, match="contains another"):
        Markers("<a>", "x<a>")


def test_nothing_is_kept_of_what_was_read() -> None:
    source = Source()
    steps = source.until(Markers("<a>"), lambda piece: None)
    for _ in range(1000):
        source.push("word <")
        next(steps)
    assert len(vars(source)["_text"]) < 10


def test_collecting_ends_with_the_text() -> None:
    with pytest.raises(Ended):
        read(lambda source: source.collect(Markers("<a>")), "b")


def test_characters_are_found_by_their_class() -> None:
    assert read(lambda source: source.collect(Characters(r"[^\w]")), "ab", "c(") == ("abc", "(")


def test_what_is_expected_is_there_or_it_is_no_call() -> None:
    assert read(lambda source: source.expect("abc"), "a", "bc") == "abc"
    with pytest.raises(Malformed):
        read(lambda source: source.expect("abc"), "abd")
    with pytest.raises(Malformed):
        read(lambda source: source.expect("abc"), "ab")
    with pytest.raises(Ended):
        read(lambda source: source.expect("abc"))


def test_white_space_is_read_to_its_end() -> None:
    def spaces_and_next(source: Source) -> Step[tuple[str, str]]:
        spaces = yield from source.spaces()
        return spaces, (yield from source.one())

    assert read(spaces_and_next, " ", "\n", "\tx") == (" \n\t", "x")


def test_what_was_read_can_be_put_back() -> None:
    def again(source: Source) -> Step[str]:
        source.record("(")
        yield from source.collect(Markers(";"))
        source.unread(source.recorded() + ")")
        return (yield from source.collect(Markers(")")))[0]

    assert read(again, "ab", ";c)") == "(ab;"
