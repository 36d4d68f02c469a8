from __future__ import annotations

import pytest

from inference.chat.gotemplate import parse
from inference.chat.gotemplate.errors import GoTemplateError
from inference.chat.gotemplate.nodes import Branch


def test_an_else_if_is_a_branch_of_its_own_within_the_else() -> None:
    (outer,) = parse("{{ if .A }}a{{ else if .B }}b{{ else }}c{{ end }}").nodes
    assert isinstance(outer, Branch)
    assert outer.orelse is not None
    (inner,) = outer.orelse
    assert isinstance(inner, Branch)
    assert inner.orelse is not None


def test_define_and_block_make_templates() -> None:
    program = parse('{{ define "a" }}x{{ end }}{{ block "b" . }}y{{ end }}')
    assert set(program.templates) == {"a", "b"}
    assert len(program.nodes) == 1


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{ if .A }}", "{{if}} without {{end}}"),
        ("{{ range .A }}{{ else }}", "{{range}} without {{end}}"),
        ("{{ end }}", "unexpected {{end}}"),
        ("{{ else }}", "unexpected {{else}}"),
        ("{{ if .A }}{{ else }}{{ else }}{{ end }}", "expected end; found {{else}}"),
        ("{{ range .A }}{{ else if .B }}{{ end }}", "unexpected 'if' in action"),
        ("{{ break }}", "{{break}} outside {{range}}"),
        ("{{ range .A }}{{ else }}{{ continue }}{{ end }}", "{{continue}} outside {{range}}"),
        ("{{ if }}{{ end }}", "missing value for if"),
        ('{{ if .A }}{{ define "x" }}{{ end }}{{ end }}', "unexpected {{define}}"),
        ('{{ define "x" }}a{{ end }}{{ define "x" }}b{{ end }}', "multiple definition of template 'x'"),
        ('{{ define "x" }}a', "{{define}} without {{end}}"),
        ("{{ template .A }}", "unexpected '.A' in template clause"),
        ("{{ if .A }}" * 101 + "{{ end }}" * 101, "nested too deeply"),
        ("{{ if .A }}" + "{{ else if .A }}" * 101 + "{{ end }}", "nested too deeply"),
    ],
)
def test_a_broken_structure_is_refused(source: str, reason: str) -> None:
    with pytest.raises(GoTemplateError) as caught:
        parse(source)
    assert str(caught.value) == f"the model's template, line 1: {reason}"


def test_a_very_long_template_is_refused() -> None:
    with pytest.raises(GoTemplateError, match="too long"):
        parse("x" * 1_000_001)
