from __future__ import annotations

import pytest

from inference.chat.gotemplate.errors import GoTemplateError
from tests.inference.chat.gotemplate.rendering import render

COUNTED_DOWN = (
    '{{ define "r" }}{{ if . }}{{ index . 0 }}{{ template "r" (slice . 1) }}{{ end }}{{ end }}{{ template "r" .list }}'
)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ if .empty }}a{{ else if .no }}b{{ else if .name }}c{{ else }}d{{ end }}", "c"),
        ("{{ if .none }}a{{ else }}b{{ end }}{{ if .missing }}c{{ end }}", "b"),
        ("{{ if $x := .name }}{{ $x }}{{ end }}", "Ada"),
        ("{{ with .map }}{{ .b }}{{ $.name }}{{ end }}", "1Ada"),
        ("{{ with .empty }}a{{ else with .name }}{{ . }}{{ else }}c{{ end }}", "Ada"),
        ("{{ with $v := .name }}{{ $v }}{{ . }}{{ end }}", "AdaAda"),
        ("{{ range .list }}[{{ . }}]{{ end }}", "[x][y][z]"),
        ("{{ range $v := .list }}{{ $v }}{{ end }}", "xyz"),
        ("{{ range $i, $v := .list }}{{ $i }}{{ $v }}{{ end }}", "0x1y2z"),
        ("{{ range $k, $v := .map }}{{ $k }}:{{ $v }};{{ end }}", "a:map[c:deep];b:1;n:<no value>;"),
        ("{{ range .none }}a{{ else }}{{ .name }}{{ end }}", "Ada"),
        ("{{ range .missing }}a{{ else }}none{{ end }}", "none"),
        ("{{ range 3 }}{{ . }}{{ end }}{{ range $i := 2 }}{{ $i }}{{ end }}", "01201"),
        ("{{ range .list }}{{ if eq . `y` }}{{ continue }}{{ end }}{{ . }}{{ end }}", "xz"),
        ("{{ range .list }}{{ if eq . `y` }}{{ break }}{{ end }}{{ . }}{{ end }}", "x"),
        ("{{ range .list }}{{ range $.list }}{{ break }}{{ end }}{{ . }}{{ end }}", "xyz"),
        ("{{ $a := 0 }}{{ $b := 0 }}{{ range $a, $b = .list }}{{ end }}{{ $a }}{{ $b }}", "2z"),
        ("{{ $n := -1 }}{{ range $i, $v := .list }}{{ if eq $v `y` }}{{ $n = $i }}{{ end }}{{ end }}{{ $n }}", "1"),
        (
            '{{ define "t" }}<{{ . }}{{ $ }}>{{ end }}{{ template "t" .name }}{{ template "t" }}',
            "<AdaAda><<no value><no value>>",
        ),
        ('{{ block "b" .name }}({{ . }}){{ end }}', "(Ada)"),
        (COUNTED_DOWN, "xyz"),
    ],
)
def test_a_structure_writes_what_gos_writes(source: str, text: str) -> None:
    assert render(source) == text


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{ range .name }}{{ end }}", "range can't iterate over string"),
        ("{{ range .yes }}{{ end }}", "range can't iterate over bool"),
        ("{{ range $i, $v := 3 }}{{ end }}", "more than one variable"),
        ('{{ template "nope" }}', "template 'nope' not defined"),
        ("{{ if $x := .empty }}{{ $y := 1 }}{{ else }}{{ $y }}{{ end }}", "undefined variable"),
    ],
)
def test_what_go_does_not_do_is_an_error(source: str, reason: str) -> None:
    with pytest.raises(GoTemplateError, match=reason):
        render(source)


def test_a_variable_of_a_template_is_its_own() -> None:
    with pytest.raises(GoTemplateError, match="undefined variable"):
        render('{{ $x := 1 }}{{ define "t" }}{{ $x }}{{ end }}{{ template "t" }}')
