from __future__ import annotations

import pytest

from inference.chat.gotemplate.errors import GoTemplateError
from tests.inference.chat.gotemplate.rendering import render


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        (r'"a\tb\"\\"', 'a\tb"\\'),
        (r'"\x41\101\u00e9\U0001F600"', "AAé😀"),
        (r'"\xc3\xa9"', "é"),
        ('`raw\\n"`', 'raw\\n"'),
        ("'a'", "97"),
        (r"'\n'", "10"),
        ("0x1F", "31"),
        ("0b11", "3"),
        ("0o17", "15"),
        ("017", "15"),
        ("1_000", "1000"),
        ("-7", "-7"),
        ("+7", "7"),
        (".5", "0.5"),
        ("1e3", "1000"),
        ("true", "true"),
        ("9223372036854775807", "9223372036854775807"),
    ],
)
def test_a_literal_has_the_value_go_gives_it(literal: str, text: str) -> None:
    assert render("{{ " + literal + " }}") == text


@pytest.mark.parametrize("literal", ["'ab'", r'"\q"', r'"\ud800"', "9223372036854775808", "08", "1__x", "0x"])
def test_what_go_does_not_read_is_refused(literal: str) -> None:
    with pytest.raises(GoTemplateError):
        render("{{ " + literal + " }}")
