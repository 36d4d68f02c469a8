"""Lark rules for objects with bare keys and strings between quotes of their own, as Gemma writes them."""

from __future__ import annotations

import json
import re
from typing import Any

from inference.chat.parsing.forcing import literal, schema_rule, sequence, text_before
from inference.chat.parsing.tools import Schema, as_schema, resolve, types_of

MAX_DEPTH = 8
MAX_RULES = 1000
SCALARS = ("integer", "number", "boolean", "null")
BARE_KEY = re.compile(r"[^,:=\[\]{}()\s]+")


class BareRules:
    """The rules for one schema. What the schema leaves open is a string, and so is what it nests too deeply."""

    def __init__(self, quote: str, root: Schema) -> None:
        self._quote = literal(quote)
        self._end = quote
        self._text = ""
        self._root = root
        self._rules: list[str] = []

    def rules(self, rule: str) -> list[str]:
        self._text = f"{rule}_text"
        self._rules = text_before(self._text, self._end)
        body = self._object(rule, self._root, 0)
        return [f"{rule}: {body}", *self._rules]

    def _value(self, rule: str, schema: Schema, depth: int) -> str:
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#"):
            schema = resolve(self._root, reference)
        choices = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
        if choices:
            return "(" + " | ".join(self._constant(choice) for choice in choices) + ")"
        parts = next((schema[word] for word in ("anyOf", "oneOf") if isinstance(schema.get(word), list)), None)
        if parts and depth < MAX_DEPTH and len(self._rules) <= MAX_RULES:
            others = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
            wholes = [{**others, **as_schema(part)} for part in parts]
            return "(" + " | ".join(self._value(f"{rule}_u{n}", part, depth + 1) for n, part in enumerate(wholes)) + ")"
        types = sorted(types_of(schema, self._root)) or ["string"]
        return "(" + " | ".join(self._typed(kind, f"{rule}_{kind}", schema, depth) for kind in types) + ")"

    def _typed(self, kind: str, rule: str, schema: Schema, depth: int) -> str:
        if kind in SCALARS:
            self._rules.append(f"{rule}: {schema_rule({**schema, 'type': kind})}")
            return rule
        if kind == "string" and schema.keys() & {"pattern", "minLength", "maxLength"}:
            self._rules += text_before(rule, self._end, schema)
            return f"{self._quote} {rule}"
        if kind == "string" or depth >= MAX_DEPTH or len(self._rules) > MAX_RULES:
            return self._string()
        part = _with(schema, kind)
        body = self._object(rule, part, depth + 1) if kind == "object" else self._array(rule, part, depth + 1)
        self._rules.append(f"{rule}: {body}")
        return rule

    def _object(self, rule: str, schema: Schema, depth: int) -> str:
        """Properties in the schema's order; each optional one may be left out."""
        required = schema.get("required") or ()
        properties = [
            (f"{literal(name + ':')} {self._value(f'{rule}_{number}', as_schema(part), depth)}", name in required)
            for number, (name, part) in enumerate(as_schema(schema.get("properties")).items())
            if BARE_KEY.fullmatch(name)
        ]
        body, rests = sequence(rule, properties, ",")
        self._rules += rests
        return f"{literal('{')} {body} {literal('}')}"

    def _array(self, rule: str, schema: Schema, depth: int) -> str:
        item = self._value(f"{rule}_i", as_schema(schema.get("items")), depth)
        self._rules.append(f"{rule}_m: {item}")
        least, most = _count(schema.get("minItems")) or 0, _count(schema.get("maxItems"))
        if most == 0:
            return '"[" "]"'
        others = "*" if most is None and least < 2 else f"{{{max(least - 1, 0)},{'' if most is None else most - 1}}}"
        whole = f'{rule}_m ("," {rule}_m){others}'
        return f'"[" {whole} "]"' if least else f'"[" ({whole})? "]"'

    def _string(self) -> str:
        return f"{self._quote} {self._text}"

    def _constant(self, value: Any) -> str:
        if isinstance(value, str):
            return f"{self._quote} {literal(value)} {self._quote}" if value else f"{self._quote} {self._quote}"
        return literal(json.dumps(value))


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _with(schema: Schema, kind: str) -> Schema:
    """The part of a schema of alternatives that describes this kind."""
    word = "properties" if kind == "object" else "items"
    if word in schema:
        return schema
    parts = [as_schema(part) for key in ("anyOf", "oneOf", "allOf") for part in schema.get(key) or ()]
    return next((part for part in parts if word in part), schema)
