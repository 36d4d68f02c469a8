from __future__ import annotations

import json

import pytest

from inference.constrain.schema import is_trusted, is_trusted_lark, parsed
from inference.errors import InvalidConstraint


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"name": {"type": "string", "maxLength": 9}}},
        {"anyOf": [{"type": "integer", "minimum": 1}, {"enum": ["a", "b"]}]},
        {"$defs": {"node": {"type": "object"}}, "$ref": "#/$defs/node"},
    ],
)
def test_plain_schemas_need_no_trial(schema: object) -> None:
    assert is_trusted(json.dumps(schema))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "a+"},
        {"type": "integer", "multipleOf": 7},
        {"allOf": [{}]},
        {"oneOf": [{}]},
        {"type": "object", "patternProperties": {}},
        {"type": "object", "x-guidance": {"lenient": True}},
        {"enum": ["x" * 20_000]},
    ],
)
def test_what_may_take_long_is_tried_first(schema: object) -> None:
    assert not is_trusted(json.dumps(schema))


@pytest.mark.parametrize(
    ("lark", "trusted"),
    [
        ('start: "a" %json {"type": "integer", "x-guidance": {"whitespace_flexible": false}}', True),
        (r'start: "a\n" /(?s:.*)/', True),
        ("start: /.*a/ & /.*b/", False),
        ('start: %json {"type": "string", "pattern": "a"}', False),
    ],
)
def test_a_grammar_is_trusted_as_its_schemas_are(lark: str, trusted: bool) -> None:
    assert is_trusted_lark(lark) is trusted


def test_a_word_that_is_written_with_escapes_is_found_too() -> None:
    assert not is_trusted('{"type": "string", "p\\u0061ttern": "a+"}')


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1]", "has to be an object"),
        ("{", "is not JSON"),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, "nested too deeply"),
    ],
)
def test_what_is_no_schema_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidConstraint, match=reason):
        parsed(text)
