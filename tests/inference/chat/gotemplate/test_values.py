from __future__ import annotations

import pytest

from inference.chat.gotemplate.values import GoList, GoMap, Kind, NilList, Record, from_json, is_true, type_name


@pytest.mark.parametrize("value", [None, False, 0, 0.0, "", [], {}, NilList(), GoMap()])
def test_a_zero_or_empty_value_is_false(value: object) -> None:
    assert not is_true(value)


@pytest.mark.parametrize("value", [True, -1, 0.5, " ", [None], {"a": None}, Record(Kind("Empty"), {})])
def test_any_other_value_is_true_and_a_struct_always(value: object) -> None:
    assert is_true(value)


def test_numbers_of_json_are_floats_however_deep() -> None:
    made = from_json({"a": [1, True, {"b": 2}], "c": 10**400})
    assert [type(made["a"][0]), made["a"][1], type(made["a"][2]["b"])] == [float, True, float]
    assert made["c"] == float("inf")


def test_types_have_gos_names() -> None:
    values = [1, 1.5, "", True, None, [], {}, GoList(), Record(Kind("T"), {})]
    names = [
        "int",
        "float64",
        "string",
        "bool",
        "<nil>",
        "[]interface {}",
        "map[string]interface {}",
        "[]interface {}",
        "T",
    ]
    assert list(map(type_name, values)) == names
