from __future__ import annotations

import pytest

from inference.chat.gotemplate import parse
from inference.chat.gotemplate.errors import GoTemplateError
from inference.chat.gotemplate.nodes import Action, Chain, Field, Identifier, Pipe, Variable


def only_pipe(source: str) -> Pipe:
    (node,) = parse(source).nodes
    assert isinstance(node, Action)
    return node.pipe


def test_a_chain_of_fields_is_one_operand_and_a_blank_parts_two() -> None:
    assert only_pipe("{{ .A.B }}").commands[0].args == (Field(1, ("A", "B")),)
    assert only_pipe("{{ print .A .B }}").commands[0].args[1:] == (Field(1, ("A",)), Field(1, ("B",)))


def test_variables_and_parentheses_have_fields() -> None:
    assert only_pipe("{{ $.A.B }}").commands[0].args == (Variable(1, ("$", "A", "B")),)
    (chain,) = only_pipe("{{ (print .A).B }}").commands[0].args
    assert isinstance(chain, Chain)
    assert chain.names == ("B",)


def test_a_bar_parts_commands() -> None:
    commands = only_pipe("{{ .A | print 1 | len }}").commands
    assert [type(command.args[0]) for command in commands] == [Field, Identifier, Identifier]


def test_a_declaration_is_told_from_an_assignment() -> None:
    assert only_pipe("{{ $x := 1 }}").variables == ("$x",)
    assert only_pipe("{{ $ = 1 }}").assigns


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{ }}", "missing value for command"),
        ("{{ | }}", "unexpected '|' in command|missing value"),
        ("{{ .A || .B }}", "unexpected|missing value"),
        ("{{ ( }}", "unexpected end of action"),
        ("{{ .A ) }}", "unexpected '\\)'"),
        ("{{ () }}", "missing value for parenthesized pipeline"),
        ('{{ "a""b" }}', "unexpected .* in operand"),
        ("{{ print(1) }}", "unexpected '\\(' in operand"),
        ("{{ .A | 3 }}", "non executable command in pipeline stage 2"),
        ("{{ .A | nil }}", "non executable command in pipeline stage 2"),
        ("{{ $x }}", "undefined variable '\\$x'"),
        ("{{ $x = 1 }}", "undefined variable '\\$x'"),
        ("{{ $a, $b := .L }}", "undefined variable '\\$a'"),
        ("{{ foo .A }}", "function 'foo' not defined"),
        ("{{ print end }}", "unexpected <end> in command"),
        ("{{ true.A }}", "unexpected '.A' after a constant"),
        ("{{ " + "(" * 101 + "1" + ")" * 101 + " }}", "nested too deeply"),
        ("{{ " + "x" * 90 + " }}", "function 'x{40}.u2026' not defined"),
    ],
)
def test_a_broken_pipeline_is_refused(source: str, reason: str) -> None:
    with pytest.raises(GoTemplateError, match=reason):
        parse(source)


def test_a_variable_ends_with_its_block() -> None:
    with pytest.raises(GoTemplateError, match="undefined variable"):
        parse("{{ if .A }}{{ $x := 1 }}{{ end }}{{ $x }}")
