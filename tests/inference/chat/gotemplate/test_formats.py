"""Every expected text is what Go's fmt.Sprintf makes of the same arguments."""

from __future__ import annotations

from typing import Any

import pytest

from inference.chat.gotemplate.errors import FunctionError
from inference.chat.gotemplate.formats import sprintf


@pytest.mark.parametrize(
    ("pattern", "values", "text"),
    [
        ("%v %s %d%%", ["a", "b", 3], "a b 3%"),
        ("%5s|%-5s|%05d|%+d", ["a", "b", 42, 42], "    a|b    |00042|+42"),
        ("%6d|%-6d|%06d", [-42, -42, -42], "   -42|-42   |-00042"),
        ("%x|%X|%#x|%o|%b|%c|%U", [255, 255, 255, 8, 5, 65, 8364], "ff|FF|0xff|10|101|A|U+20AC"),
        ("%x|%X", ["hi", "hi"], "6869|6869"),
        ("%.2f|%6.2f|%-8.3f|%f", [3.14, 3.14, 3.14, 3.14], "3.14|  3.14|3.140   |3.140000"),
        ("%e|%g|%.3g|%v", [3.14, 1e6, 3.14159, 1e21], "3.140000e+00|1e+06|3.14|1e+21"),
        ("%08.3f|%+.1f|% d", [3.14159, 2.0, 5], "0003.142|+2.0| 5"),
        ("%.2s|%*d|%t", ["héllo", 5, 3, True], "hé|    3|true"),
        ("%T %T %T %T", [1, "a", 1.5, True], "int string float64 bool"),
        ("%q %q %q", ['a"\n\x01é', ["x"], ord("x")], '"a\\"\\n\\x01é" ["x"] \'x\''),
        ("%s %d %v", [["a", 1.0], ["x"], {"k": None}], "[a %!s(float64=1)] [%!d(string=x)] map[k:<nil>]"),
        ("%[2]s %[1]s", ["a", "b"], "b a"),
        ("%[3]s", ["a"], "%!s(BADINDEX)"),
        ("%d", ["a"], "%!d(string=a)"),
        ("%s %v", [None, None], "%!s(<nil>) <nil>"),
        ("%t %s", ["a", True], "%!t(string=a) %!s(bool=true)"),
        ("%d", [], "%!d(MISSING)"),
        ("x", [1, "a", None], "x%!(EXTRA int=1, string=a, <nil>)"),
        ("%z", [1], "%!z(int=1)"),
        ("a%", [], "a%!(NOVERB)"),
    ],
)
def test_printf_writes_what_go_writes(pattern: str, values: list[Any], text: str) -> None:
    assert sprintf(pattern, values) == text


def test_a_width_beyond_gos_bound_is_told_in_the_text() -> None:
    assert sprintf("%1000001d", [1]) == "%!(BADWIDTH)1"


def test_widths_that_add_up_end_in_an_error() -> None:
    with pytest.raises(FunctionError, match="too much text"):
        sprintf("%1000000d" * 20, list(range(20)))
