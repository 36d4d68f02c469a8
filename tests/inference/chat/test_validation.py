"""Values by their schemas: what is valid, and that neither can keep a server busy."""

from __future__ import annotations

import time
from typing import Any

import pytest

from inference.chat.validation import MAX_KEY_CHARS, MAX_SECONDS, validator


@pytest.mark.parametrize(
    ("schema", "valid", "invalid"),
    [
        ({"type": "integer", "minimum": 3}, [3, 4.0], [2, 3.5, "3", True]),
        ({"pattern": "^a+$"}, ["aa", 3], ["b"]),
        ({"uniqueItems": True}, [[1, True, "1", [1], {"a": 1}], []], [[1, 1.0], [{"a": 1, "b": 2}, {"b": 2, "a": 1}]]),
        ({"multipleOf": 0.1}, [0.3, 7, "x", True], [0.35]),
        (
            {"patternProperties": {"^a": {"type": "null"}}, "additionalProperties": False},
            [{"ab": None}],
            [{"ab": 1}, {"b": 1}],
        ),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"type": "string"}}}, ["x"], [1]),
        ({"oneOf": [{"type": "integer"}, {"minimum": 3}]}, [1, 3.5], [4, "x"][:1]),
        ({"if": {"type": "string"}, "then": {"minLength": 2}}, ["ab", 1], ["a"]),
        ({"items": {"enum": [1, None]}}, [[1, None]], [[2]]),
    ],
)
def test_values_are_told_apart(schema: dict[str, Any], valid: list[Any], invalid: list[Any]) -> None:
    check = validator(schema)
    assert [check(value) for value in (*valid, *invalid)] == [True] * len(valid) + [False] * len(invalid)


@pytest.mark.parametrize(
    "schema",
    [
        None,
        True,
        {"type": "any"},
        {"required": True},
        {"properties": []},
        {"$ref": "http://127.0.0.1:9/schema"},
        {"$ref": "#/nowhere"},
        {"pattern": "("},
    ],
)
def test_what_is_no_schema_forbids_nothing(schema: Any) -> None:
    assert validator(schema)({"a": "b"} if not isinstance(schema, dict) or "pattern" not in schema else "x")


def doubling(depth: int) -> dict[str, Any]:
    """Alternatives that have to be tried 2^depth times."""
    parts: dict[str, Any] = {
        f"d{number}": {"anyOf": [{"$ref": f"#/$defs/d{number + 1}"}] * 2} for number in range(depth)
    }
    return {"$ref": "#/$defs/d0", "$defs": {**parts, f"d{depth}": {"type": "null"}}}


@pytest.mark.parametrize(
    ("schema", "value", "passes"),
    [
        (doubling(40), 1, False),
        ({"$ref": "#"}, 1, False),
        ({"pattern": "^(a+)+$"}, "a" * 60 + "b", True),
        ({"pattern": "^" + "a?" * 40 + "a" * 40 + "$"}, "a" * 41 + "b", True),
        ({"patternProperties": {"(a|aa)+$": {}}}, {"a" * 60 + "b": 1}, True),
        ({"patternProperties": {"a": {}}}, {"a" * (MAX_KEY_CHARS + 1): 1}, False),
        ({"uniqueItems": True}, [{"a": number} for number in range(20_000)], True),
    ],
)
def test_nothing_takes_long(schema: dict[str, Any], value: Any, passes: bool) -> None:
    check = validator(schema)
    begun_at = time.thread_time()
    assert check(value) is passes
    assert time.thread_time() - begun_at < 4 * MAX_SECONDS
