from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models_app.console.humanize import human_bytes, human_duration, human_time, printable, timing

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 KB"),
        (1500, "1.5 KB"),
        (98_765_432, "98 MB"),
        (2 * 10**9, "2 GB"),
        (4_661_224_676, "4.7 GB"),
        (3 * 10**12, "3 TB"),
    ],
)
def test_sizes_are_decimal_with_one_digit_after_the_point_below_ten(size: int, text: str) -> None:
    assert human_bytes(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "Less than a second"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (90, "About a minute"),
        (5 * MINUTE, "5 minutes"),
        (HOUR, "About an hour"),
        (47 * HOUR, "47 hours"),
        (3 * DAY, "3 days"),
        (21 * DAY, "3 weeks"),
        (100 * DAY, "3 months"),
        (800 * DAY, "2 years"),
    ],
)
def test_durations_take_the_largest_unit_that_fits(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


def test_times_lie_before_or_after_now() -> None:
    assert human_time(NOW - timedelta(days=2), NOW) == "2 days ago"
    assert human_time(NOW + timedelta(minutes=4), NOW) == "4 minutes from now"
    assert human_time(NOW, NOW) == "Less than a second ago"


def test_more_than_twenty_years_ahead_is_forever() -> None:
    assert human_time(NOW.replace(year=2318), NOW) == "Forever"


@pytest.mark.parametrize(("seconds", "text"), [(0.0124, "12.4ms"), (3.214, "3.21s"), (125, "2m5.0s")])
def test_measured_durations_keep_their_precision(seconds: float, text: str) -> None:
    assert timing(seconds) == text


def test_what_steers_a_terminal_is_not_printable() -> None:
    assert printable("a\x1b[31mred\x07\r\x9b2J\u202eevil\u2066") == "a[31mred2Jevil"


def test_line_breaks_tabs_and_other_scripts_are_printable() -> None:
    assert printable("a\n\tß 你好 🙂") == "a\n\tß 你好 🙂"
