from __future__ import annotations

import pytest

from inference.chat.gotemplate import parse
from inference.chat.ollama.names import names_used


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("{{ .System }} {{ .Prompt }}", {"system", "prompt"}),
        ("{{ with .Tools }}{{ . }}{{ else }}{{ $.System }}{{ end }}", {"tools", "system"}),
        ("{{ range $i, $m := .Messages }}{{ $m.Role }}{{ end }}", {"messages", "role"}),
        ("{{ if and (eq .Role `tool`) .Content }}{{ end }}", {"role", "content"}),
        ("{{ (index .Messages 0).Content }}", set()),
        ("{{ .Function.Name }}", {"function", "name"}),
    ],
)
def test_the_names_are_those_ollama_sees(source: str, names: set[str]) -> None:
    assert names_used([parse(source).nodes]) == names


def test_templates_that_are_called_use_names_too() -> None:
    program = parse('{{ define "a" }}{{ .Suffix }}{{ end }}{{ template "a" .Data }}')
    assert names_used([program.nodes, *program.templates.values()]) == {"suffix", "data"}
