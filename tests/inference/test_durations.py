"""Go's duration syntax."""

from __future__ import annotations

import math

import pytest

from inference.durations import InvalidDuration, format_duration, parse_duration, parse_keep_alive


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("5s", 5),
        ("5m", 300),
        ("1h30m", 5400),
        ("1.5s", 1.5),
        (".5s", 0.5),
        ("5.s", 5),
        ("+2s", 2),
        ("-1m", -60),
        ("250ms", 0.25),
        ("1us", 1e-6),
        ("1µs", 1e-6),
        ("1μs", 1e-6),
        ("39h9m14.425s", 140954.425),
        ("0.3333333333333333333h", 1199.999999999),
    ],
)
def test_a_duration_is_read_as_go_reads_it(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'time: invalid duration ""'),
        ("-", 'time: invalid duration "-"'),
        ("10", 'time: missing unit in duration "10"'),
        ("-1", 'time: missing unit in duration "-1"'),
        ("1.", 'time: missing unit in duration "1."'),
        (".", 'time: invalid duration "."'),
        ("s", 'time: invalid duration "s"'),
        ("3000000h", 'time: invalid duration "3000000h"'),
        ("5 minutes", 'time: unknown unit " minutes" in duration "5 minutes"'),
        ("1d", 'time: unknown unit "d" in duration "1d"'),
        ('1"', 'time: unknown unit "\\"" in duration "1\\""'),
        ("1é", 'time: unknown unit "\\xc3\\xa9" in duration "1\\xc3\\xa9"'),
    ],
)
def test_a_bad_duration_is_refused_in_go_s_words(text: str, message: str) -> None:
    with pytest.raises(InvalidDuration) as caught:
        parse_duration(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5m", 300.0), ("0", 0.0), ("90", 90.0), ("-1", math.inf), ("-5m", math.inf), ("0s", 0.0)],
)
def test_a_keep_alive_may_also_be_bare_seconds_and_negative_is_for_ever(text: str, seconds: float) -> None:
    assert parse_keep_alive(text) == seconds


def test_a_keep_alive_that_is_neither_is_refused() -> None:
    with pytest.raises(InvalidDuration, match="unknown unit"):
        parse_keep_alive("5 bananas")


@pytest.mark.parametrize(
    ("seconds", "text"), [(300.0, "5m"), (5400.0, "90m"), (7200.0, "2h"), (1.5, "1.5s"), (0.0, "0s")]
)
def test_a_duration_is_written_as_it_can_be_read(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
    assert parse_keep_alive(text) == seconds
