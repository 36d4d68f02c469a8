from __future__ import annotations

from typing import Any

import pytest

from inference.chat.gotemplate import Meter
from inference.chat.gotemplate.errors import FunctionError
from inference.chat.gotemplate.printing import MAX_VALUE_CHARS, Pieces, formatted, joined, printed
from inference.chat.gotemplate.values import Attribute, GoMap, Kind, Record

POINT = Kind("Point", (Attribute("X"), Attribute("Y")))


class Spoken(GoMap):
    kind = Kind("Spoken", methods={"String": lambda value: f"<{len(value)}>"})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (3, "3"),
        (5.0, "5"),
        (-2.5, "-2.5"),
        (100000.0, "100000"),
        (1234567.0, "1.234567e+06"),
        (1e21, "1e+21"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (float("inf"), "+Inf"),
        (b"\x01\x02", "[1 2]"),
        ([1, "a", None, [True]], "[1 a <nil> [true]]"),
        ({"b": 1, "a": {"c": "d"}}, "map[a:map[c:d] b:1]"),
        (Record(POINT, {"X": 1, "Y": "b"}), "{1 b}"),
        (Spoken(a=1), "<1>"),
        ([Spoken()], "[<0>]"),
    ],
)
def test_a_value_prints_as_go_prints_it(value: Any, text: str) -> None:
    assert printed(value) == text


def test_what_is_not_there_prints_so_outside_and_as_nil_inside() -> None:
    assert (printed(None), formatted(None), formatted([None])) == ("<no value>", "<nil>", "[<nil>]")


def test_a_struct_names_its_fields_with_a_plus() -> None:
    assert formatted(Record(POINT, {"X": 1, "Y": [2]}), plus=True) == "{X:1 Y:[2]}"


def test_print_parts_two_values_unless_one_is_a_string() -> None:
    assert joined(values=[1, 2, "a", 3, 4], line=False) == "1 2a3 4"
    assert joined(values=[1, "a", None], line=True) == "1 a <nil>\n"


def test_text_is_put_together_under_a_limit() -> None:
    pieces = Pieces()
    pieces.add("x" * MAX_VALUE_CHARS)
    with pytest.raises(FunctionError, match="too much text"):
        pieces.add("x")


def test_the_meter_writes_as_much_by_default() -> None:
    meter = Meter(max_chars=3)
    meter.write("abc")
    assert meter.text() == "abc"
