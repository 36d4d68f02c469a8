"""JSON schemas before they are compiled: what says nothing is taken out, so that it isn't refused as unsupported, and
where less is asked for, what can't be held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Those that JSON Schema defines (2020-12, Validation, section 7.3). Any other is a note to a reader.
FORMATS = frozenset(
    [
        "date-time",
        "date",
        "time",
        "duration",
        "email",
        "idn-email",
        "hostname",
        "idn-hostname",
        "ipv4",
        "ipv6",
        "uri",
        "uri-reference",
        "iri",
        "iri-reference",
        "uuid",
        "uri-template",
        "json-pointer",
        "relative-json-pointer",
        "regex",
    ]
)
# For readers only. Half of a tool's schema is such, and what is short needs no trial.
_WORDS = frozenset(["title", "description", "$comment", "examples", "default", "deprecated", "readOnly", "writeOnly"])
_OF_SCHEMAS = frozenset(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"])
# What says of names that they are names. Zod writes it for each of its records.
_ANY_NAMES: tuple[Any, ...] = (True, {}, {"type": "string"})
# Their values are instances, whatever they look like.
_OF_VALUES = frozenset(["const", "enum", "default", "example", "examples"])


def without_notes(schema: Any) -> Any:
    """``schema`` less words for readers, ``format``s that JSON Schema does not define, ``uniqueItems: false`` and
    ``propertyNames`` that may be any string.

    What is nested too deeply to be looked through comes back as it is: no compiler takes it.
    """
    try:
        return _plain(schema)
    except RecursionError:
        return schema


def _plain(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {name: _inside(name, value) for name, value in schema.items() if not _is_note(name, value)}


def _inside(name: str, value: Any) -> Any:
    if name in _OF_VALUES:
        return value
    if name in _OF_SCHEMAS and isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return _plain(value)


def _is_note(name: str, value: Any) -> bool:
    if name in _WORDS:
        return True
    if name == "format":
        return isinstance(value, str) and value not in FORMATS
    if name == "propertyNames":
        return _plain(value) in _ANY_NAMES
    return name == "uniqueItems" and value is False


# What llguidance can't hold an answer to, or not in every form. What is left allows more than the schema does.
_TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
_HELD = frozenset(
    [
        *("type", "enum", "const", "anyOf", "allOf", "$ref", "$defs", "definitions", "title", "description"),
        *("properties", "required", "additionalProperties", "items", "prefixItems", "minItems", "maxItems"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength"),
    ]
)


def relaxed(schema: Any) -> Any:
    """``schema`` less all that a grammar may not be able to hold. What is valid stays valid."""
    try:
        return _relaxed(schema)
    except RecursionError:
        return shape_only(schema)


def _relaxed(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    held = {name: _relaxed_inside(name, value) for name, value in schema.items() if name in _HELD}
    if "oneOf" in schema and "anyOf" not in held:
        held["anyOf"] = _relaxed_inside("anyOf", schema["oneOf"])
    if "patternProperties" in schema:
        held.pop("additionalProperties", None)
    if not _is_type(held.get("type")):
        held.pop("type", None)
    return held


def _relaxed_inside(name: str, value: Any) -> Any:
    if name in _OF_SCHEMAS and isinstance(value, Mapping):
        return {key: _relaxed(part) for key, part in value.items()}
    if name in ("anyOf", "allOf", "prefixItems") and isinstance(value, list):
        return [_relaxed(part) for part in value]
    return _relaxed(value) if name in ("items", "additionalProperties") else value


def shape_only(schema: Any) -> Any:
    """An object with the properties that ``schema`` names, of their types where it says which."""
    given = schema if isinstance(schema, Mapping) else {}
    properties = given.get("properties")
    required = given.get("required")
    return {
        "type": "object",
        "properties": {name: _type_only(part) for name, part in properties.items()}
        if isinstance(properties, Mapping)
        else {},
        "required": [name for name in required if isinstance(name, str)] if isinstance(required, list) else [],
        "additionalProperties": True,
    }


def _type_only(schema: Any) -> dict[str, Any]:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    return {"type": kind} if _is_type(kind) else {}


def _is_type(kind: Any) -> bool:
    return all(each in _TYPES for each in kind) if isinstance(kind, list) else kind in _TYPES
