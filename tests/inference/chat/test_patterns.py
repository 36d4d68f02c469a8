"""Which regular expressions are sure to be done soon."""

from __future__ import annotations

import re
import time

import pytest

from inference.chat.patterns import is_cheap


@pytest.mark.parametrize(
    ("pattern", "n_chars", "cheap"),
    [
        (r"^\d{4}-\d{2}-\d{2}$", 4000, True),
        (r"^[a-z]+@[a-z.]+\.[a-z]{2,}$", 60, True),
        (r"^[a-z]+@[a-z.]+\.[a-z]{2,}$", 4000, False),
        ("^(low|high)$", 4000, True),
        ("(a|b)*", 100, True),
        ("(a+)+$", 30, False),
        ("(a|aa)+$", 30, False),
        (r"^(\w+\s?)*$", 30, False),
        ("a?" * 30 + "a" * 30, 30, False),
        ("(?:a{1,1000}){1,1000}", 30, False),
        ("[", 1, False),
        ("a" * 5000, 1, False),
        (None, 1, False),
        (3, 1, False),
    ],
)
def test_patterns_are_told_apart(pattern: object, n_chars: int, cheap: bool) -> None:
    assert is_cheap(pattern, n_chars) is cheap


@pytest.mark.parametrize("pattern", ["^a*b*c*$", "a*b", "^a{0,30}a{0,30}a{0,30}b$", "(?=a*b)a"])
def test_a_cheap_one_is(pattern: str) -> None:
    n_chars = max(n_chars for n_chars in (10, 30, 100, 300, 1000) if is_cheap(pattern, n_chars))
    begun_at = time.thread_time()
    re.search(pattern, "a" * n_chars)
    assert time.thread_time() - begun_at < 0.5
