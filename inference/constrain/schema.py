"""JSON schemas on their way into llguidance."""

from __future__ import annotations

import json
from typing import Any

from inference.constrain.limits import MAX_TRUSTED_BYTES
from inference.errors import InvalidConstraint
from inference.schemas import without_notes

ANY_OBJECT = '{"type":"object"}'

# One space or one line with its indent between tokens: without a bound, a model that has lost its way writes white
# space to the end of the context.
WHITESPACE = r"\n[ \t]{0,40}| {1,2}"

# What a schema may say about its own compilation (``x-guidance``) is settled here, not by who sends it.
OPTIONS: dict[str, Any] = {
    "item_separator": ",",
    "key_separator": ":",
    "whitespace_pattern": WHITESPACE,
    "whitespace_flexible": True,
    "coerce_one_of": False,
    "lenient": False,
}

# Words whose regular expressions are multiplied with one another, or with a number's digits. Measured with llguidance
# 1.9: an ``allOf`` of 50 patterns compiles for minutes, ``multipleOf: 1234567`` for 17 seconds and in 650 MB.
RISKY = ("allOf", "oneOf", "pattern", "patternProperties", "multipleOf", "x-guidance")


def is_trusted(text: str) -> bool:
    """Whether a schema is known to compile fast. Also false for a harmless one that only speaks of such words."""
    # An escape could spell one of the words.
    return len(text) <= MAX_TRUSTED_BYTES and "\\u" not in text and not any(f'"{word}"' in text for word in RISKY)


def is_trusted_lark(text: str) -> bool:
    """The same of a grammar: its schemas are such, and it takes no regular expressions together (``&``). The schemas in
    it are of the code that wrote it, and may say how they are compiled."""
    return "&" not in text and is_trusted(text.replace('"x-guidance"', ""))


def parsed(text: str) -> dict[str, Any]:
    """Without what says nothing (see ``without_notes``). Raises InvalidConstraint."""
    try:
        schema = without_notes(json.loads(text))
    except RecursionError:
        raise InvalidConstraint("json_schema", "it is nested too deeply") from None
    except ValueError:
        raise InvalidConstraint("json_schema", "it is not JSON") from None
    if not isinstance(schema, dict):
        raise InvalidConstraint("json_schema", "a JSON schema has to be an object")
    return schema
