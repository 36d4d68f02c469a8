"""api_ollama.times: Go's RFC 3339 and nanoseconds."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from api_ollama.times import FOREVER, created_at, local_time, nanoseconds


@pytest.mark.parametrize(
    ("nanosecond", "text"),
    [
        (1_700_000_000_123_456_789, "2023-11-14T22:13:20.123456789Z"),
        (1_700_000_000_120_000_000, "2023-11-14T22:13:20.12Z"),
        (1_700_000_000_000_000_000, "2023-11-14T22:13:20Z"),
        (1_700_000_000_000_000_007, "2023-11-14T22:13:20.000000007Z"),
    ],
)
def test_created_at_is_utc_without_trailing_zeros(nanosecond: int, text: str) -> None:
    assert created_at(nanosecond) == text


def test_created_at_is_now_by_default() -> None:
    assert abs(datetime.fromisoformat(created_at()[:19] + "+00:00").timestamp() - time.time()) < 5


@pytest.mark.parametrize(("zone", "ending"), [("UTC", "Z"), ("Etc/GMT-2", r"\+02:00"), ("Asia/Kolkata", r"\+05:30")])
def test_local_time_has_the_servers_offset(zone: str, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        text = local_time(datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert re.fullmatch(r"2026-01-02T\d\d:\d\d:05\.0006" + ending, text)


def test_forever_is_in_the_year_ollama_says() -> None:
    assert (datetime(2026, 1, 1, tzinfo=UTC) + FOREVER).year == 2318
    assert timedelta(days=365 * 292) < FOREVER


def test_durations_are_whole_nanoseconds() -> None:
    assert nanoseconds(1.5) == 1_500_000_000
    assert isinstance(nanoseconds(0.1), int)
