from __future__ import annotations

from typing import Any

import pytest

from inference.schemas import relaxed, shape_only, without_notes


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "format": "path"}, {"type": "string"}),
        ({"type": "string", "format": "uuid"}, {"type": "string", "format": "uuid"}),
        ({"type": "string", "format": "idn-email"}, {"type": "string", "format": "idn-email"}),
        ({"items": {"format": "binary"}, "uniqueItems": False}, {"items": {}}),
        ({"anyOf": [{"format": "password"}, True]}, {"anyOf": [{}, True]}),
        ({"uniqueItems": True}, {"uniqueItems": True}),
        ({"description": "a", "title": "b", "default": 1, "type": "null"}, {"type": "null"}),
        ({"properties": {"description": {"title": "x"}}}, {"properties": {"description": {}}}),
        ({"const": {"title": "x"}}, {"const": {"title": "x"}}),
        ({"propertyNames": {"type": "string", "title": "x"}}, {}),
        ({"propertyNames": {"pattern": "^x"}}, {"propertyNames": {"pattern": "^x"}}),
        ({"properties": {"propertyNames": True}}, {"properties": {"propertyNames": True}}),
        (True, True),
    ],
)
def test_notes_are_taken_out_and_nothing_else(schema: Any, expected: Any) -> None:
    assert without_notes(schema) == expected


def test_a_property_may_be_called_format() -> None:
    schema = {"properties": {"format": {"type": "string"}, "uniqueItems": False}, "required": ["format"]}
    assert without_notes(schema) == schema


@pytest.mark.parametrize("name", ["const", "enum"])
def test_a_value_is_no_schema(name: str) -> None:
    schema = {name: {"format": "path", "uniqueItems": False}}
    assert without_notes(schema) == schema


def test_what_is_too_deep_to_look_through_is_left_alone() -> None:
    schema: dict[str, Any] = {"format": "path"}
    for _ in range(3000):
        schema = {"items": schema}
    assert without_notes(schema) is schema


def test_order_is_kept() -> None:
    schema = {"properties": {"b": {"format": "x"}, "a": {}}}
    assert list(without_notes(schema)["properties"]) == ["b", "a"]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer", "not": {"const": 3}}, {"type": "integer"}),
        ({"items": {"uniqueItems": True, "minItems": 1}}, {"items": {"minItems": 1}}),
        ({"oneOf": [{"pattern": "a"}, {"type": "null"}]}, {"anyOf": [{}, {"type": "null"}]}),
        ({"properties": {"not": {"type": "any"}}}, {"properties": {"not": {}}}),
        ({"patternProperties": {"a": {}}, "additionalProperties": False}, {}),
        ({"enum": [{"not": 1}]}, {"enum": [{"not": 1}]}),
        (True, True),
    ],
)
def test_a_relaxed_schema_says_nothing_that_is_hard_to_hold(schema: Any, expected: Any) -> None:
    assert relaxed(schema) == expected


def test_of_a_schema_its_shape_may_be_left() -> None:
    schema = {"properties": {"a": {"type": "string", "minLength": 3}, "b": {"$ref": "#/x"}}, "required": ["b", 3]}
    assert shape_only(schema) == {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {}},
        "required": ["b"],
        "additionalProperties": True,
    }
    assert shape_only(None)["properties"] == {}
