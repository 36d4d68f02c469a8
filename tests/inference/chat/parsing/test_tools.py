from __future__ import annotations

from typing import Any

import pytest

from inference.chat.parsing.tools import Tools, call_of, dump_json, load_json, types_of

SCHEMA = {
    "properties": {
        "text": {"type": "string"},
        "count": {"type": "integer"},
        "share": {"type": "number"},
        "flag": {"type": "boolean"},
        "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "either": {"type": ["integer", "string"]},
        "list": {"$ref": "#/$defs/list"},
        "level": {"enum": [1, 2]},
        "open": {},
    },
    "$defs": {"list": {"type": "array"}},
}
TOOLS = Tools([{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}])


@pytest.mark.parametrize(
    ("argument", "text", "value"),
    [
        ("text", "02139", "02139"),
        ("text", '{"a": 1}', '{"a": 1}'),
        ("count", "7", 7),
        ("count", "7.0", 7),
        ("count", "seven", "seven"),
        ("share", "1e20", 1e20),
        ("flag", "True", True),
        ("flag", "false", False),
        ("maybe", "null", None),
        ("maybe", "nothing", "nothing"),
        ("either", "5", 5),
        ("either", "five", "five"),
        ("list", '["a"]', ["a"]),
        ("list", "a, b", "a, b"),
        ("level", "2", 2),
        ("open", "0042", "0042"),
        ("open", "[1]", [1]),
        ("unknown", "3", 3),
    ],
)
def test_text_gets_the_type_its_schema_names(argument: str, text: str, value: Any) -> None:
    found = TOOLS.typed("f", argument, text)
    assert (found, type(found)) == (value, type(value))


def test_tools_may_be_functions_alone() -> None:
    assert "g" in Tools([{"name": "g"}])
    assert not Tools([])


def test_a_schema_that_refers_to_itself_has_types() -> None:
    root = {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}, {"type": "null"}]}}}
    assert types_of({"$ref": "#/$defs/a"}, root) == {"null"}


def test_numbers_beyond_a_double_become_the_nearest() -> None:
    assert call_of("f", {"x": load_json("-1e999")}).arguments == '{"x": -1.7976931348623157e+308}'


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "{", "[" * 100_000, "1" * 5000])
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        load_json(text)


def test_half_a_surrogate_pair_stays_an_escape() -> None:
    assert dump_json(load_json('"\\ud83d"')) == '"\\ud83d"'
    assert dump_json(load_json('"\\ud83d\\ude00é"')) == '"😀é"'
