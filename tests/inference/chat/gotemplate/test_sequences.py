from __future__ import annotations

import pytest

from inference.chat.gotemplate.errors import GoTemplateError
from tests.inference.chat.gotemplate.rendering import render


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ('len "héllo"', "6"),
        ("len .list", "3"),
        ("len .map", "3"),
        ("index .list 1", "y"),
        ('index .map "a" "c"', "deep"),
        ('index .map "zz"', "<no value>"),
        ('index "abc" 1', "98"),
        ("index .list", "[x y z]"),
        ("slice .list 1", "[y z]"),
        ("slice .list 1 2", "[y]"),
        ("slice .list 0 1 2", "[x]"),
        ('slice "héllo" 0 3', "hé"),
    ],
)
def test_len_index_and_slice_count_as_go_counts(call: str, text: str) -> None:
    assert render("{{ " + call + " }}") == text


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("len .missing", "len of nil pointer"),
        ("len 3", "len of type int"),
        ("index .list 3", "index out of range: 3"),
        ("index .list -1", "index out of range: -1"),
        ("index .list 1.0", "type float64"),
        ("index .map 1", "type int; should be string"),
        ("index .missing 1", "index of untyped nil"),
        ("slice .list 2 1", "invalid slice index"),
        ("slice .list 4", "index out of range: 4"),
        ("slice .map 1", "can't slice item of type map"),
        ('slice "abc" 0 1 2', "too many slice indexes"),
    ],
)
def test_what_has_no_such_place_is_an_error(call: str, reason: str) -> None:
    with pytest.raises(GoTemplateError, match=reason):
        render("{{ " + call + " }}")
