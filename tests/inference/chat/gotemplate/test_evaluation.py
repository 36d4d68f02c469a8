from __future__ import annotations

import pytest

from inference.chat.gotemplate.errors import GoTemplateError
from tests.inference.chat.gotemplate.rendering import render


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (".map.a.c", "deep"),
        ("(.map).a.c", "deep"),
        ("$.map.a.c", "deep"),
        (".missing", "<no value>"),
        (".nothing", "<no value>"),
        (".name | len", "3"),
        ('"b" | print "a" | printf "%s%s" "x"', "xab"),
        ("print (len .name) (not true)", "3 false"),
        (".yes | not", "false"),
        ("and .name .number", "5"),
        ("and .empty .name", ""),
        ("or .empty .number", "5"),
        (".name | and .empty", ""),
        (".name | or .empty", "Ada"),
        ("or .name (index .list 99)", "Ada"),
        ("and .empty (index .list 99)", ""),
    ],
)
def test_an_expression_has_gos_value(expression: str, text: str) -> None:
    assert render("{{ " + expression + " }}") == text


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (".name.x", "can't evaluate field 'x' in type string"),
        (".missing.x", "nil pointer evaluating interface {}.x"),
        (".map.n.x", "nil pointer evaluating interface {}.x"),
        (".name | .number", "can't give argument"),
        (".number 3", "can't give argument"),
        ("nil", "nil is not a command"),
        ("and", "wrong number of args for and"),
    ],
)
def test_what_has_no_value_is_an_error(expression: str, reason: str) -> None:
    with pytest.raises(GoTemplateError) as caught:
        render("\n{{ " + expression + " }}")
    assert "line 2: " + reason in str(caught.value)


def test_a_variable_of_nothing_has_fields_of_nothing() -> None:
    assert render("{{ $x := .missing }}{{ $x.y.z }}") == "<no value>"


def test_an_assignment_reaches_the_outer_variable_and_a_declaration_does_not() -> None:
    source = "{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ $x }}{{ end }}{{ $x }}"
    assert render(source) == "32"


def test_no_message_holds_a_value_of_the_data() -> None:
    with pytest.raises(GoTemplateError) as caught:
        render("{{ index .map .secret .secret }}", {"map": {"my secret": 3.0}, "secret": "my secret"})
    assert "secret" not in str(caught.value)
