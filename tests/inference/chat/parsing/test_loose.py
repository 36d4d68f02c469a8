from __future__ import annotations

from typing import Any

import pytest

from inference.chat.parsing.loose import Loose
from inference.chat.parsing.source import Malformed

PYTHON = {"'": "'", '"': '"'}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it\\'s'", "it's"),
        ('"a\\n\\u00e9\\x41\\\\"', "a\né" + "A\\"),
        ("[1, -2.5, True, null]", [1, -2.5, True, None]),
        ("{'a': (1, 2), \"b\": {}}", {"a": [1, 2], "b": {}}),
        ("bare words", "bare words"),
        ("[]", []),
    ],
)
def test_values_as_python_writes_them(text: str, value: Any) -> None:
    assert Loose(text, quotes=PYTHON).value() == value


def test_strings_between_other_quotes_are_raw() -> None:
    loose = Loose('k:<|"|>a\\n"{}<|"|>, long key:1}', quotes={'<|"|>': '<|"|>'}, escapes=False)
    assert loose.pairs("}", ":") == {"k": 'a\\n"{}', "long key": 1}


@pytest.mark.parametrize("text", ["'open", "[1 2", "{a", "{a:1", "", "[" * 1000, "{:1}", "(]"])
def test_what_is_no_value_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        Loose(text, quotes=PYTHON).value()
