"""Schemas of the kinds that hold, made by hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any]

NAMES = st.text("abcdefgh_é ", min_size=1, max_size=6)
# SmolLM2's vocabulary lacks a few bytes: it can't write some characters of the planes that nobody uses.
TEXTS = st.text('abc XYZ09é日本😀"\\/\n\t\x00{}[]<>', max_size=5)
SCALARS = st.none() | st.booleans() | st.integers(-1000, 1000) | TEXTS


def _strings() -> st.SearchStrategy[Schema]:
    lengths = st.tuples(st.integers(0, 5), st.integers(0, 10)).map(
        lambda pair: {"type": "string", "minLength": pair[0], "maxLength": pair[0] + pair[1]}
    )
    formats = st.sampled_from(["uuid", "ipv4"]).map(lambda name: {"type": "string", "format": name})
    return st.just({"type": "string"}) | lengths | formats


def _numbers() -> st.SearchStrategy[Schema]:
    ranges = st.tuples(st.integers(-200, 200), st.integers(0, 300))
    return st.one_of(
        st.sampled_from([{"type": "integer"}, {"type": "number"}]),
        ranges.map(lambda pair: {"type": "integer", "minimum": pair[0], "maximum": pair[0] + pair[1]}),
        ranges.map(lambda pair: {"type": "number", "minimum": pair[0], "exclusiveMaximum": pair[0] + pair[1] + 1}),
    )


def _values() -> st.SearchStrategy[Schema]:
    enums = st.lists(SCALARS, min_size=1, max_size=4).map(lambda values: {"enum": values})
    return (
        st.sampled_from([{"type": "boolean"}, {"type": "null"}]) | enums | SCALARS.map(lambda value: {"const": value})
    )


def _inside(children: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    arrays = st.tuples(children, st.integers(0, 2), st.integers(0, 2)).map(
        lambda three: {"type": "array", "items": three[0], "minItems": three[1], "maxItems": three[1] + three[2]}
    )
    unions = st.lists(children, min_size=1, max_size=3).map(lambda several: {"anyOf": several})
    return arrays | unions | objects(children)


@st.composite
def objects(draw: st.DrawFn, children: st.SearchStrategy[Schema]) -> Schema:
    properties = draw(st.dictionaries(NAMES, children, max_size=4))
    required = [name for name in properties if draw(st.booleans())]
    closed = {"additionalProperties": False} if draw(st.booleans()) else {}
    return {"type": "object", "properties": properties, "required": required, **closed}


SCHEMAS = st.recursive(_strings() | _numbers() | _values(), _inside, max_leaves=6)
