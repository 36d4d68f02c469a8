"""Go's values in Python's: what a template's data is made of, when it is true, and what its fields are.

    str, bool, int, float, None      string, bool, int, float64, nil
    list, tuple                      a slice
    dict                             a map with string keys
    bytes                            []byte
    Record                           a struct, or a pointer to one
    GoList, GoMap                    slices and maps that may be nil, or have a type of their own with methods

A number out of JSON is a float, as it is in Go; ``from_json`` makes it one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Method = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Attribute:
    """A struct's field: its name in Go, its key in JSON, and whether JSON leaves it out when empty."""

    name: str
    key: str = ""
    omit_empty: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A type with a name. A method named ``String`` prints its values."""

    name: str
    attributes: tuple[Attribute, ...] = ()
    methods: Mapping[str, Method] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    kind: Kind
    values: Mapping[str, Any]


SLICE = Kind("slice")
MAP = Kind("map")


class GoList(list[Any]):
    """A slice; ``nil`` only shows in JSON. ``single_bare``: JSON has a lone element without its list."""

    kind = SLICE
    nil = False
    single_bare = False


class GoMap(dict[str, Any]):
    """A map; ``ordered`` ones keep their order in JSON, where Go sorts by key."""

    kind = MAP
    nil = False
    ordered = False


class NilList(GoList):
    nil = True


def kind_of(value: object) -> Kind | None:
    return value.kind if isinstance(value, Record | GoList | GoMap) else None


def method(value: object, name: str) -> Method | None:
    kind = kind_of(value)
    return kind.methods.get(name) if kind else None


def is_true(value: object) -> bool:
    """Go's truth: not the zero value of its type, and not empty. A struct is always true."""
    return isinstance(value, Record) or bool(value)


def type_name(value: object) -> str:
    """For messages of errors and for printf's complaints."""
    kind = kind_of(value)
    if kind is not None and kind not in (SLICE, MAP):
        return kind.name
    names = {bool: "bool", int: "int", float: "float64", str: "string", bytes: "[]uint8", type(None): "<nil>"}
    fallback = "map[string]interface {}" if isinstance(value, dict) else "[]interface {}"
    return names.get(type(value), fallback)


def from_json(value: object) -> Any:
    """A decoded JSON value as Go's decoder would have made it: every number is a float64."""
    if isinstance(value, bool) or not isinstance(value, int | dict | list | tuple):
        return value
    if isinstance(value, dict):
        return {str(key): from_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [from_json(item) for item in value]
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
