"""JSON schemas before they are compiled: what says nothing is taken out, so that it isn't refused as unsupported."""

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
_OF_SCHEMAS = frozenset(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"])
# Their values are instances, whatever they look like.
_OF_VALUES = frozenset(["const", "enum", "default", "example", "examples"])


def without_notes(schema: Any) -> Any:
    """``schema`` less ``format``s that JSON Schema does not define and ``uniqueItems: false``. What is nested too
    deeply to be looked through comes back as it is: no compiler takes it."""
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
    if name == "format":
        return isinstance(value, str) and value not in FORMATS
    return name == "uniqueItems" and value is False
