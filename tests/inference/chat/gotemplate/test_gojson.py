"""Every expected text is what Go's json.Marshal makes of the same value."""

from __future__ import annotations

from typing import Any

import pytest

from inference.chat.gotemplate.gojson import NotJSON, to_json
from inference.chat.gotemplate.values import Attribute, GoMap, Kind, NilList, Record

KIND = Kind("K", (Attribute("Z", "z"), Attribute("A", "a", omit_empty=True), Attribute("Plain")))


class Ordered(GoMap):
    ordered = True


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("<b>&'\"\\/", '"\\u003cb\\u003e\\u0026\'\\"\\\\/"'),
        ("\b\f\n\r\t\x01\x7f", '"\\b\\f\\n\\r\\t\\u0001\x7f"'),
        ("é\u2028\u2029", '"é\\u2028\\u2029"'),
        ("\ud800", '"\\ufffd"'),
        ({"b": 1.0, "a": [None, True]}, '{"a":[null,true],"b":1}'),
        (Ordered(b=1, a=2), '{"b":1,"a":2}'),
        (NilList(), "null"),
        ([], "[]"),
        (b"\x01", '"AQ=="'),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (123456789.5, "123456789.5"),
        (Record(KIND, {"Z": 1, "A": "", "Plain": None}), '{"z":1,"Plain":null}'),
        (Record(KIND, {"Z": 1, "A": {}, "Plain": "x"}), '{"z":1,"a":{},"Plain":"x"}'),
    ],
)
def test_json_is_byte_for_byte_gos(value: Any, text: str) -> None:
    assert to_json(value) == text


def test_infinity_has_no_json() -> None:
    with pytest.raises(NotJSON):
        to_json([float("inf")])
