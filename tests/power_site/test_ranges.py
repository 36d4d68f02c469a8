"""Ranges and validators as RFC 9110 has them."""

from __future__ import annotations

import pytest

from power_site.ranges import ByteRange, RangeNotSatisfiable, etag_known, range_holds, range_select


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=2-4", 2, 5),
        ("bytes=2-", 2, 10),
        ("bytes=2-999", 2, 10),
        ("bytes=-3", 7, 10),
        ("bytes=-99", 0, 10),
        ("Bytes = 9-9", 9, 10),
    ],
)
def test_one_range_is_selected(header: str, start: int, end: int) -> None:
    part = range_select(header, 10)
    assert part == ByteRange(start, end)
    assert part is not None
    assert part.n_bytes == end - start


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=4-2", "bytes=0-1,3-4", "items=0-1", "bytes=a-b", "bytes=+1-2",
     "bytes=٣-٤", "bytes=1-2-3", f"bytes={'9' * 5000}-"],
)  # fmt: skip
def test_what_is_no_single_range_means_the_whole(header: str | None) -> None:
    assert range_select(header, 10) is None


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10-", 10), ("bytes=99-100", 10), ("bytes=-0", 10), ("bytes=-1", 0)]
)
def test_a_range_beyond_the_end_cannot_be_satisfied(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable) as caught:
        range_select(header, size)
    assert caught.value.size_bytes == size


@pytest.mark.parametrize(
    ("if_none_match", "known"),
    [
        (None, False),
        ("", False),
        ("*", True),
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ('"b"', False),
        ("a", False),
    ],
)
def test_a_known_version_is_found_in_the_list(if_none_match: str | None, known: bool) -> None:
    assert etag_known(if_none_match, '"a"') is known


@pytest.mark.parametrize(
    ("if_range", "holds"),
    [(None, True), ('"a"', True), ('W/"a"', False), ('"b"', False), ("Sun, 06 Nov 1994 08:49:37 GMT", False)],
)
def test_a_range_holds_for_this_very_version_only(if_range: str | None, holds: bool) -> None:
    assert range_holds(if_range, '"a"') is holds
