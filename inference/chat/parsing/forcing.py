"""Lark grammars for llguidance: output that can only be calls of the tools given."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from inference.chat.parsing.tools import as_schema

Function = Mapping[str, Any]
# White space that a schema leaves open lets a small model write nothing else until its tokens are used up.
ONE_WAY_TO_SPACE = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


MARKUP = re.compile(r"(<[|\uff5c]?/?[\w\u2581 ]+[|\uff5c]?>|\[/?[A-Z_]+\])")


def literal(text: str) -> str:
    """Lark strings that make up ``text``, each marker in one of its own: where that is a special token of the model,
    it has to be matched as that token (see ``Family.preserved``).
    """
    return " ".join(json.dumps(piece, ensure_ascii=False) for piece in MARKUP.split(text) if piece)


def json_text(text: str) -> str:
    """A Lark string of ``text`` as JSON, quotes and all."""
    return literal(json.dumps(text, ensure_ascii=False))


def schema_rule(schema: Mapping[str, Any]) -> str:
    return "%json " + json.dumps({**schema, "x-guidance": ONE_WAY_TO_SPACE}, ensure_ascii=False)


def arguments_schema(function: Function) -> dict[str, Any]:
    """The tool's schema, closed: what it does not name is left out, so that a weak model comes to an end."""
    schema = dict(as_schema(function.get("parameters")))
    schema.setdefault("type", "object")
    if "properties" in schema or not schema.keys() & {"anyOf", "oneOf", "allOf", "$ref", "patternProperties"}:
        schema.setdefault("properties", {})
        schema.setdefault("additionalProperties", False)
    return schema


def grammar(
    functions: Sequence[Function],
    call: Callable[[Function, str], str],
    *,
    start: str = "",
    separator: str = "",
    end: str = "",
    parallel: bool,
    arguments: Callable[[Function, str], Iterable[str]] | None = None,
) -> str:
    """``call(function, rule)`` is one call in Lark, where ``rule`` stands for its arguments; ``start``, ``separator``
    and ``end`` are texts around and between calls. ``arguments(function, rule)`` gives the rules of the arguments.
    """
    rules = [f"call_{number}" for number in range(len(functions))]
    one = "call" if not parallel else f"call ({' '.join(filter(None, (separator and literal(separator), 'call')))})*"
    lines = ["start: " + " ".join(filter(None, (start and literal(start), one, end and literal(end))))]
    lines.append("call: " + " | ".join(rules))
    for number, function in enumerate(functions):
        inner = f"arguments_{number}"
        lines.append(f"{rules[number]}: {call(function, inner)}")
        lines += (arguments or json_arguments)(function, inner)
    return "\n".join(lines) + "\n"


def json_arguments(function: Function, rule: str) -> Iterable[str]:
    return (f"{rule}: {schema_rule(arguments_schema(function))}",)


def json_call(
    opening: str, closing: str, *, name_key: str = "name", arguments_key: str = "arguments"
) -> Callable[[Function, str], str]:
    """``{"name": …, "arguments": {…}}`` between two texts."""

    def call(function: Function, rule: str) -> str:
        head = f"{opening}{{{json.dumps(name_key)}: {json.dumps(function['name'], ensure_ascii=False)}, "
        return f"{literal(head + json.dumps(arguments_key) + ': ')} {rule} {literal('}' + closing)}"

    return call
