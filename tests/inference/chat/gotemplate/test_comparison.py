from __future__ import annotations

import pytest

from inference.chat.gotemplate.errors import GoTemplateError
from tests.inference.chat.gotemplate.rendering import render


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ('eq .name "Ada"', True),
        ("eq 1 2 3 1", True),
        ("eq 1 2 3", False),
        ("ne 1 2", True),
        ("lt 1 2", True),
        ("le 2 2", True),
        ('gt "b" "a"', True),
        ("ge 1.5 1.5", True),
        ("gt 1 1", False),
        ("eq .missing .nothing", True),
        ('eq .missing "x"', False),
        ("eq .number 5.0", True),
        ("eq true false true", True),
    ],
)
def test_comparisons_hold_as_in_go(condition: str, holds: bool) -> None:
    assert render("{{ " + condition + " }}") == ("true" if holds else "false")


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("eq 1 1.0", "incompatible types"),
        ("eq .number 5", "incompatible types"),
        ('eq "a" 1', "incompatible types"),
        ('eq .list "a"', "incompatible types"),
        ("eq .list .list", "non-comparable"),
        ("eq 1", "missing argument"),
        ("ne 1 2 3", "wrong number of args"),
        ("lt true false", "invalid type"),
        ("lt .missing 1", "invalid type"),
        ("lt 1 1.5", "incompatible types"),
    ],
)
def test_what_go_does_not_compare_is_an_error(condition: str, reason: str) -> None:
    with pytest.raises(GoTemplateError, match=reason):
        render("{{ " + condition + " }}")
