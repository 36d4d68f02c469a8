from __future__ import annotations

import json
from typing import Any

import pytest

from api_ollama.formats import constraint_of
from inference.request import Constraint
from power_site.http import BadRequest


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_format_leaves_the_answer_free(value: Any) -> None:
    assert constraint_of(value, grammar="") is None


def test_json_is_a_format() -> None:
    assert constraint_of("json", grammar="") == Constraint(kind="json")


def test_a_schema_keeps_the_order_of_its_keys() -> None:
    schema = {"type": "object", "properties": {"b": {}, "a": {}}}
    constraint = constraint_of(schema, grammar="")
    assert constraint is not None
    assert constraint.kind == "json_schema"
    assert list(json.loads(constraint.text)["properties"]) == ["b", "a"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [("yaml", r'"\"yaml\""'), (5, '"5"'), ([1], '"[1]"'), (True, '"true"'), ("JSON", r'"\"JSON\""')],
)
def test_anything_else_is_refused_in_ollamas_words(value: Any, shown: str) -> None:
    with pytest.raises(BadRequest) as caught:
        constraint_of(value, grammar="")
    assert str(caught.value) == f'invalid format: {shown}; expected "json" or a valid JSON Schema object'


def test_a_refusal_does_not_repeat_a_long_value() -> None:
    with pytest.raises(BadRequest) as caught:
        constraint_of("x" * 10_000, grammar="")
    assert len(str(caught.value)) < 400


def test_a_schema_too_deep_to_be_passed_on_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(900):
        schema = {"items": schema}
    with pytest.raises(BadRequest, match="nested too deeply"):
        constraint_of(schema, grammar="")


def test_a_grammar_is_gbnf() -> None:
    assert constraint_of(None, grammar='root ::= "a"') == Constraint(kind="gbnf", text='root ::= "a"')


def test_a_format_and_a_grammar_are_one_too_many() -> None:
    with pytest.raises(BadRequest, match="exclude"):
        constraint_of("json", grammar='root ::= "a"')
