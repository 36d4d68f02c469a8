from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.chat.gotemplate import Meter
from inference.chat.gotemplate.errors import GoTemplateError
from inference.errors import TemplateError
from tests.inference.chat.gotemplate.rendering import render

DOUBLING = '{{ $x := "0123456789" }}{{ range 99 }}{{ $x = printf "%s%s" $x $x }}{{ end }}'


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('{{ define "t" }}{{ template "t" }}{{ end }}{{ template "t" }}', "nested too deeply"),
        (DOUBLING, "too much text"),
        (
            '{{ $x := printf "%1000000d" 1 }}{{ range 999999 }}{{ if eq $x (print $x "") }}{{ end }}{{ end }}',
            "too many",
        ),
        ('{{ range 999999 }}{{ printf "%1000000d" 1 }}{{ end }}', "more text|too many"),
        ("{{ range 999999 }}" + "x" * 100_000 + "{{ end }}", "more text"),
    ],
)
def test_a_hostile_template_ends_soon_and_in_an_error(source: str, reason: str) -> None:
    began = time.monotonic()
    with pytest.raises(GoTemplateError, match=reason):
        render(source)
    assert time.monotonic() - began < 20


def test_the_steps_are_counted() -> None:
    assert render("{{ range 10 }}{{ . }}{{ end }}", meter=Meter(max_steps=50)) == "0123456789"
    with pytest.raises(GoTemplateError, match="too many steps"):
        render("{{ range 10 }}{{ . }}{{ end }}", meter=Meter(max_steps=20))


def test_empty_loops_count_too() -> None:
    with pytest.raises(GoTemplateError, match="too many steps"):
        render("{{ range 99999 }}{{ range 99999 }}{{ end }}{{ end }}", meter=Meter(max_steps=100_000))


def test_the_text_is_counted() -> None:
    assert render("abc", meter=Meter(max_chars=3)) == "abc"
    with pytest.raises(GoTemplateError, match="more text"):
        render("abcd", meter=Meter(max_chars=3))


def test_a_long_chain_of_conditions_is_not_too_deep() -> None:
    chain = "".join(f'{{{{ else if eq .name "{number}" }}}}{number}' for number in range(90))
    assert render("{{ if .no }}" + chain + "{{ else }}none{{ end }}") == "none"
    assert render("{{ print " + "(" * 90 + ".name" + ")" * 90 + " }}") == "Ada"


def test_data_nested_beyond_reason_is_an_error_too() -> None:
    nested: list[object] = []
    for _ in range(5000):
        nested = [nested]
    for source in ("{{ .x }}", "{{ json .x }}", '{{ printf "%d" .x }}'):
        with pytest.raises(GoTemplateError, match="nested too deeply"):
            render(source, {"x": nested})


PIECES = (
    """{{ }} {{- -}} ( ) | . $ $x .name .map.a .list .missing := = , " ` ' 1 -2 1.5 0x nil true if else end range """
    """with define template block break continue print printf len index slice eq not and or json "%s%d" "t" 'a' /* */"""
)


def refusal(source: str) -> str:
    try:
        render(source, meter=Meter(max_steps=10_000, max_chars=100_000))
    except TemplateError as error:
        return str(error)
    return ""


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES.split()), max_size=25).map(" ".join)
    | st.text(alphabet='{}-. $x"`()|:=éa0\n', max_size=30).map("{{".__add__)
)
def test_whatever_stands_in_a_template_it_renders_or_is_refused_in_one_line(source: str) -> None:
    assert "\n" not in refusal(source)
