"""Tools with schemas nobody has thought of, and calls that keep to them: from a seed, of the kinds that agents use."""

from __future__ import annotations

import random
from typing import Any

Schema = dict[str, Any]
Made = tuple[Schema, Any]  # a schema, and an instance of it

NAMES = [
    "city",
    "größe",
    "名前",
    "start_date",
    "user-id",
    "limit",
    "tags",
    "émail",
    "options",
    "x",
    "Straße_2",
    "адрес",
]
TOOL_NAMES = ["get_weather", "search", "book-table", "run_query", "createUser", "list_files"]
WORDS = ["Paris", "blue", "naïve", "東京", "a b", "it's", "C:\\dir", 'say "hi"', "<b>", "né€"]
PATTERNS = [("^[A-Z]{3}$", "ABC"), ("^[0-9]{4}-[0-9]{2}$", "2024-05"), ("^(low|high)$", "low"), ("[a-f0-9]+", "c0ffee")]


class ToolMaker:
    """The same tools for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def tools(self) -> tuple[list[Schema], dict[str, Any]]:
        """One to three tools in OpenAI's form, and arguments for each by its name."""
        names = self.chance.sample(TOOL_NAMES, self.chance.randint(1, 3))
        made = {name: self._parameters() for name in names}
        tools = [
            {"type": "function", "function": {"name": name, "description": f"It does {name}.", "parameters": schema}}
            for name, (schema, _) in made.items()
        ]
        return tools, {name: arguments for name, (_, arguments) in made.items()}

    def schema(self) -> Schema:
        """Of an object whose properties are all there, as strict formats have it."""
        schema, _ = self._parameters()
        return schema

    def _parameters(self) -> Made:
        schema, value = self._object(depth=0)
        if self.chance.random() < 0.2:
            part, inside = self._value(depth=1)
            schema["$defs"] = {"Shared": part}
            schema["properties"]["shared"] = {"$ref": "#/$defs/Shared"}
            schema["required"].append("shared")
            value["shared"] = inside
        return schema, value

    def _object(self, depth: int) -> Made:
        names = self.chance.sample(NAMES, self.chance.randint(1, 2 - depth))
        parts = {name: self._value(depth + 1) for name in names}
        required = [name for name in names if self.chance.random() < 0.7]
        schema = {
            "type": "object",
            "properties": {name: part for name, (part, _) in parts.items()},
            "required": required,
        }
        if self.chance.random() < 0.5:
            schema["additionalProperties"] = False
        return schema, {name: value for name, (_, value) in parts.items()}

    def _value(self, depth: int) -> Made:
        makers = [self._string, self._number, self._enum, self._boolean, self._pattern, self._nullable]
        if depth < 2:
            makers += [self._array, lambda: self._object(depth), self._union]
        return self.chance.choice(makers)()

    def _string(self) -> Made:
        value = self.chance.choice(WORDS)
        return self.chance.choice([{"type": "string"}, {"type": "string", "minLength": 1, "maxLength": 12}]), value

    def _pattern(self) -> Made:
        pattern, value = self.chance.choice(PATTERNS)
        return {"type": "string", "pattern": pattern, "maxLength": 12}, value

    def _number(self) -> Made:
        low = self.chance.randint(-50, 50)
        kind = self.chance.choice(["integer", "number"])
        schemas = [
            {"type": kind, "minimum": low, "maximum": low + 20},
            {"type": "integer", "exclusiveMinimum": low - 1},
        ]
        return self.chance.choice(schemas), low

    def _enum(self) -> Made:
        values = self.chance.sample([*WORDS, 3, None, True], 3)
        return {"enum": values}, values[0]

    def _boolean(self) -> Made:
        return {"type": "boolean"}, self.chance.random() < 0.5

    def _nullable(self) -> Made:
        return {"type": ["string", "null"], "maxLength": 12}, None

    def _array(self) -> Made:
        part, value = self._value(depth=2)
        return {"type": "array", "items": part, "minItems": 1, "maxItems": 3}, [value]

    def _union(self) -> Made:
        parts = [self._string(), self._number()]
        return {"anyOf": [part for part, _ in parts]}, parts[0][1]
