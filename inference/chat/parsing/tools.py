"""The tools a request offers: their names, and the types their schemas give to values that a model writes untyped."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from inference.chat.parsing.source import Refused
from inference.events import ToolCall

Schema = Mapping[str, Any]
Check = Callable[[ToolCall], bool]
PYTHON_LITERALS = {"True": True, "False": False, "None": None}
JSON_TYPES: tuple[tuple[str, type | tuple[type, ...]], ...] = (
    ("boolean", bool),
    ("integer", int),
    ("number", (int, float)),
    ("string", str),
    ("array", list),
    ("object", dict),
    ("null", type(None)),
)


class Tools:
    """Built once for a parser. ``tools`` are in OpenAI's form, or the function objects alone. ``check`` says whether a
    call may leave."""

    def __init__(self, tools: Sequence[Mapping[str, Any]], check: Check | None = None) -> None:
        self._check = check
        functions = [tool.get("function", tool) for tool in tools]
        self._schemas: dict[str, Schema] = {
            str(function.get("name", "")): as_schema(function.get("parameters")) for function in functions
        }

    def __bool__(self) -> bool:
        return bool(self._schemas)

    def __contains__(self, name: object) -> bool:
        return name in self._schemas

    def checked(self, call: ToolCall) -> ToolCall:
        """The call itself. Raises Refused for one that may not leave."""
        if self._check is not None and not self._check(call):
            raise Refused(f'{{"name": {dump_json(call.name)}, "arguments": {call.arguments}}}')
        return call

    def typed(self, name: str, argument: str, text: str) -> Any:
        """The value that ``text`` is by the tool's schema. Text that fits no type it names stays text."""
        root = self._schemas.get(name, {})
        allowed = types_of(as_schema(as_schema(root.get("properties")).get(argument)), root)
        if allowed == {"string"}:
            return text
        try:
            value = PYTHON_LITERALS[text] if text in PYTHON_LITERALS else load_json(text)
        except ValueError:
            return text
        if isinstance(value, float) and value.is_integer() and "integer" in allowed and "number" not in allowed:
            return int(value)
        return value if not allowed or _types(value) & allowed else text


def as_schema(value: Any) -> Schema:
    return value if isinstance(value, Mapping) else {}


def types_of(schema: Schema, root: Schema) -> set[str]:
    """The JSON types a schema allows; empty where it does not say."""
    types: set[str] = set()
    seen: set[str] = set()
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        types |= _own_types(part)
        waiting += [as_schema(other) for word in ("anyOf", "oneOf", "allOf") for other in _list(part.get(word))]
        reference = part.get("$ref")
        if isinstance(reference, str) and reference.startswith("#") and reference not in seen:
            seen.add(reference)
            waiting.append(resolve(root, reference))
    return types


def _own_types(schema: Schema) -> set[str]:
    named = schema.get("type")
    if named:
        return {named} if isinstance(named, str) else {name for name in _list(named) if isinstance(name, str)}
    values = [*_list(schema.get("enum")), *([schema["const"]] if "const" in schema else [])]
    return set().union(*map(_types, values))


def load_json(text: str) -> Any:
    """A JSON value; control characters may stand in its strings. Raises ValueError for anything else."""
    try:
        return json.loads(text, strict=False, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def dump_json(value: Any) -> str:
    """JSON as compact text. Half a surrogate pair, which only an escape can bring in, stays an escape."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False)
    return text


def call_of(name: str, arguments: Mapping[str, Any]) -> ToolCall:
    return ToolCall(name=name, arguments=dump_json(arguments))


def _types(value: Any) -> set[str]:
    if isinstance(value, bool):
        return {"boolean"}
    return {name for name, kind in JSON_TYPES if isinstance(value, kind) and name != "boolean"}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def resolve(root: Schema, reference: str) -> Schema:
    """What ``#/a/b`` stands for; empty where nothing is there."""
    found: Any = root
    for word in filter(None, reference[1:].split("/")):
        found = as_schema(found).get(word.replace("~1", "/").replace("~0", "~"))
    return as_schema(found)


def _finite(text: str) -> float:
    """The nearest double there is: JSON has numbers beyond them, and no word for infinity."""
    return max(-sys.float_info.max, min(float(text), sys.float_info.max))


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
