from __future__ import annotations

import pytest

from inference.chat.gotemplate.errors import GoTemplateError
from inference.chat.gotemplate.lexer import tokens
from tests.inference.chat.gotemplate.rendering import render


def test_an_action_is_cut_into_its_pieces() -> None:
    pieces = [(token.kind, token.text) for token in tokens("a{{ if $x.Y := `q` }}")]
    assert pieces == [
        ("text", "a"),
        ("open", "{{"),
        ("word", "if"),
        ("variable", "$x"),
        ("field", ".Y"),
        ("mark", ":="),
        ("raw", "`q`"),
        ("close", "}}"),
        ("end", ""),
    ]


def test_tokens_know_their_lines() -> None:
    lines = {token.text: token.line for token in tokens("a\n{{ .B\n.C }}\n{{- /* \n */ -}}\n{{ .D }}")}
    assert (lines[".B"], lines[".C"], lines[".D"]) == (2, 3, 6)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a \n {{- 1 -}} \t\n b", "a1b"),
        ("a {{- 1 }} b", "a1 b"),
        ("a {{ 1 -}} b", "a 1b"),
        ("a {{-3 }}", "a -3"),
        ("a {{- /* note */ -}} b", "ab"),
        ("a {{/* note }} */}} b", "a  b"),
        ("a\n{{-\n1\n-}}\nb", "a1b"),
    ],
)
def test_trim_markers_take_the_space_beside_them(source: str, text: str) -> None:
    assert render(source) == text


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{ .A", "unclosed action"),
        ("{{ `a }}", "unterminated quoted string"),
        ('{{ "a\n" }}', "unterminated quoted string"),
        ("{{/* a", "unclosed comment"),
        ("{{/* a */ b }}", "comment ends before closing delimiter"),
        ("{{ 1x }}", "unexpected '1x' in action"),
        ("{{ .a ! }}", "unexpected '!' in action"),
    ],
)
def test_what_is_no_token_is_refused_with_its_line(source: str, reason: str) -> None:
    with pytest.raises(GoTemplateError, match=f"line 2: {reason}") as caught:
        list(tokens("\n" + source))
    assert caught.value.line == 2
