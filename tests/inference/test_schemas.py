from __future__ import annotations

from typing import Any

import pytest

from inference.schemas import without_notes


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "format": "path"}, {"type": "string"}),
        ({"type": "string", "format": "uuid"}, {"type": "string", "format": "uuid"}),
        ({"type": "string", "format": "idn-email"}, {"type": "string", "format": "idn-email"}),
        ({"items": {"format": "binary"}, "uniqueItems": False}, {"items": {}}),
        ({"anyOf": [{"format": "password"}, True]}, {"anyOf": [{}, True]}),
        ({"uniqueItems": True}, {"uniqueItems": True}),
        (True, True),
    ],
)
def test_notes_are_taken_out_and_nothing_else(schema: Any, expected: Any) -> None:
    assert without_notes(schema) == expected


def test_a_property_may_be_called_format() -> None:
    schema = {"properties": {"format": {"type": "string"}, "uniqueItems": False}, "required": ["format"]}
    assert without_notes(schema) == schema


@pytest.mark.parametrize("name", ["const", "default"])
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
