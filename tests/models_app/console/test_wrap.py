from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from models_app.console.wrap import Wrapper

COLUMNS = 21


def screen(text: str, columns: int = COLUMNS, *, piece: int = 1) -> list[str]:
    """The lines on a terminal that obeys the two sequences that a wrapper uses."""
    wrapper = Wrapper(lambda: columns)
    output = "".join(wrapper.feed(text[i : i + piece]) for i in range(0, len(text), piece))
    lines = [""]
    for part in re.split(r"(\x1b\[\d+D\x1b\[K|\n)", output):
        if part == "\n":
            lines.append("")
        elif part.startswith("\x1b"):
            back = int(re.findall(r"\d+", part)[0])
            while back > 0:
                back -= cell_len(lines[-1][-1])
                lines[-1] = lines[-1][:-1]
        else:
            lines[-1] += part
    return lines


def test_a_word_that_does_not_fit_goes_to_the_next_line_as_a_whole() -> None:
    assert screen("the quick brown fox jumps") == ["the quick brown fox ", "jumps"]
    assert screen("the quick brown hedgehog") == ["the quick brown ", "hedgehog"]


def test_the_space_at_the_edge_becomes_the_line_end() -> None:
    assert screen("twenty letters in it and more") == ["twenty letters in it", "and more"]


def test_a_word_longer_than_the_line_is_broken() -> None:
    assert screen("x" * 45) == ["x" * 20, "x" * 20, "x" * 5]


def test_line_ends_of_the_text_stay_and_start_the_count_again() -> None:
    assert screen("one\n\ntwo three four five six") == ["one", "", "two three four five ", "six"]


def test_wide_characters_count_twice_and_break_anywhere() -> None:
    assert screen("日本語のテキストは長い文") == ["日本語のテキストは長", "い文"]


def test_a_narrow_word_before_a_wide_character_stays() -> None:
    assert screen("nineteen letters ab日本") == ["nineteen letters ab", "日本"]


def test_a_terminal_too_narrow_for_words_gets_the_text_as_it_is() -> None:
    assert Wrapper(lambda: 8).feed("a long enough text") == "a long enough text"


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab \n日é", max_size=120), st.integers(11, 30), st.integers(1, 7))
def test_no_line_is_too_long_and_no_letter_is_lost(text: str, columns: int, piece: int) -> None:
    lines = screen(text, columns, piece=piece)
    assert all(cell_len(line) < columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert lines == screen(text, columns, piece=1)
