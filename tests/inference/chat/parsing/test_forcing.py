"""Grammars of forced calls: llguidance lets through what a family's models write, and nothing but calls."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any

import jsonschema
import numpy
import pytest
from llguidance import LLMatcher, LLTokenizer
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask

from inference.chat.parsing import families
from inference.chat.parsing.family import Family
from inference.chat.parsing.forcing import literal, text_before
from tests.inference.chat.parsing.writing import parsed

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {
                "type": "object",
                "properties": {
                    "days": {"type": "integer", "minimum": 1, "maximum": 9},
                    "unit": {"type": "string", "enum": ["c", "f"]},
                    "deep": {"$ref": "#/$defs/deep"},
                },
                "required": ["days"],
                "$defs": {
                    "deep": {
                        "type": "object",
                        "properties": {"a": {"type": "array", "items": {"type": "boolean"}}, "b": {"type": "null"}},
                        "required": ["a"],
                        "additionalProperties": False,
                    }
                },
            },
        },
    },
    {"type": "function", "function": {"name": "now"}},
]
FORCING = sorted({f.name: f for f in vars(families).values() if isinstance(f, Family) and f.knows_tools}.items())
EVERY = pytest.mark.parametrize(("name", "family"), FORCING)


@cache
def tokenizer() -> LLTokenizer:
    """One token for each byte."""
    return LLTokenizer("byte")


def matcher(grammar: str) -> LLMatcher:
    found = LLMatcher(tokenizer(), grammar)
    assert not found.is_error(), found.get_error()
    return found


def accepts(grammar: str, text: str) -> bool:
    state = matcher(grammar)
    return state.try_consume_tokens(list(text.encode())) == len(text.encode()) and state.is_accepting()


def allowed(state: LLMatcher) -> list[int]:
    mask = allocate_token_bitmask(1, tokenizer().vocab_size)
    fill_next_token_bitmask(state, mask, 0)
    bits = numpy.unpackbits(mask.view(numpy.uint8), bitorder="little")
    return [int(token) for token in numpy.flatnonzero(bits[:256])]


def wander(grammar: str, chance: random.Random) -> str:
    """An answer by a model that knows nothing: any byte the grammar allows, brackets before others."""
    state, said = matcher(grammar), bytearray()
    while not state.is_stopped() and not (state.is_accepting() and chance.random() < 0.6) and len(said) < 2000:
        tokens = allowed(state)
        closing = [token for token in tokens if token in b'"}]']
        if not tokens:
            break
        said.append(chance.choice(closing if closing and chance.random() < 0.5 else tokens))
        state.consume_token(said[-1])
    assert state.is_accepting()
    return said.decode()


@EVERY
def test_whatever_the_grammar_lets_through_is_calls_that_keep_to_the_schemas(name: str, family: Family) -> None:
    grammar, chance = family.forced(TOOLS, parallel=True).text, random.Random(name)
    for _ in range(2):
        whole = parsed(family, wander(grammar, chance), tools=TOOLS)
        assert whole.calls
        assert not whole.text.strip()
        assert not whole.thinking
        for called, arguments in whole.calls:
            schema = next(tool["function"] for tool in TOOLS if tool["function"]["name"] == called)
            jsonschema.validate(arguments, schema.get("parameters", {"type": "object", "maxProperties": 0}))


@EVERY
def test_a_named_tool_is_the_only_one_and_called_once(name: str, family: Family) -> None:
    grammar = family.forced(TOOLS, name="now").text
    text = wander(grammar, random.Random(1))
    assert parsed(family, text, tools=TOOLS).calls == [("now", {})]
    assert accepts(grammar, text)
    assert not accepts(grammar, f"{text}\n{text}")
    assert not accepts(grammar, "The time is ten past two.")


def test_markers_are_literals_of_their_own() -> None:
    assert literal('[TOOL_CALLS]f[ARGS]{"a": 1}') == '"[TOOL_CALLS]" "f" "[ARGS]" "{\\"a\\": 1}"'
    assert literal('<|"|>') == '"<|\\"|>"'
    assert literal("<tool_call>\n") == '"<tool_call>" "\\n"'


def test_text_before_a_marker_ends_there() -> None:
    grammar = "\n".join(["start: v", *text_before("v", "<|end|>"), ""])
    assert accepts(grammar, "a < b, <c> <|end|>")
    assert accepts(grammar, "<|end|>")
    assert not accepts(grammar, "a <|end|> b <|end|>")


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"minLength": 2, "maxLength": 3}, ["ab", "äöü"], ["a", "abcd"]),
        ({"pattern": "^[a-z]+/[0-9]{2}$"}, ["a/12"], ["a/123", "/12"]),
        ({"pattern": "b", "maxLength": 3}, ["abc", "b"], ["aaa", "abcd"]),
        ({"enum": ["a", "<b>"]}, ["a", "<b>"], ["b", ""]),
    ],
)
def test_a_raw_string_keeps_to_its_schema(schema: dict[str, Any], good: list[str], bad: list[str]) -> None:
    parameters = {"type": "object", "properties": {"x": {"type": "string", **schema}}, "required": ["x"]}
    grammar = families.GLM.forced([{"function": {"name": "f", "parameters": parameters}}]).text

    def passes(text: str) -> bool:
        return accepts(grammar, f"<tool_call>f<arg_key>x</arg_key><arg_value>{text}</arg_value></tool_call>")

    assert [passes(text) for text in (*good, *bad)] == [True] * len(good) + [False] * len(bad)


@EVERY
def test_a_schema_that_refers_to_itself_makes_a_grammar_of_bounded_size(name: str, family: Family) -> None:
    node = {"type": "object", "properties": {key: {"$ref": "#/properties/tree"} for key in "abcd"}}
    tool = {"function": {"name": "f", "parameters": {"type": "object", "properties": {"tree": node}}}}
    assert len(family.forced([tool]).text) < 500_000


def test_a_schema_that_names_no_properties_allows_none() -> None:
    grammar = families.GENERIC.forced(
        [{"function": {"name": "f", "parameters": {"type": "object", "required": None}}}]
    ).text
    assert accepts(grammar, json.dumps({"name": "f", "arguments": {}}))
    assert not accepts(grammar, json.dumps({"name": "f", "arguments": {"x": 1}}))
