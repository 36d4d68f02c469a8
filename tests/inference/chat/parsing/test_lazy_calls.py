"""Calls within free text: every family's begin where its models begin them, and from there keep to the schemas."""

from __future__ import annotations

import random
import re
from typing import Any

import jsonschema
import pytest

from inference.chat.parsing import families
from inference.chat.parsing.family import Family
from inference.engine.fake.vocabulary import EOS, byte_tokens
from inference.engine.lazy import LazyMatcher
from inference.errors import InvalidRequest
from inference.request import LazyConstraint
from tests.inference.chat.parsing.test_forcing import EVERY, TOOLS, wander
from tests.inference.chat.parsing.writing import parsed
from tests.inference.constrain.support import compiler, piece

CLOSING = byte_tokens('"}],)')


def lazy_matcher(lazy: LazyConstraint) -> LazyMatcher:
    beginning = compiler().matcher(lazy.constraints[0])
    return LazyMatcher(lazy.openings, beginning, compiler().speller(()), once=lazy.once)


def begun(matcher: LazyMatcher, text: str) -> str:
    """What of ``text`` a model has to say until it is held to the grammar."""
    for number, token in enumerate(byte_tokens(text), 1):
        matcher.admit(token, piece(token), piece(token))
        if matcher.is_holding:
            return text.encode()[:number].decode()
    raise AssertionError(f"{text!r} opens no call")


def finished(matcher: LazyMatcher, chance: random.Random) -> str:
    """Any tokens that are allowed, to the end of what holds."""
    said = b""
    while matcher.is_holding and len(said) < 3000:
        allowed = matcher.allowed()
        assert allowed is not None
        if allowed[EOS]:
            break
        ends = [token for token in CLOSING if allowed[token]]
        token = chance.choice(ends if ends and chance.random() < 0.5 else allowed.nonzero()[0].tolist())
        said += piece(matcher.admit(token, piece(token), piece(token)))
    return said.decode()


@EVERY
@pytest.mark.parametrize("parallel", [True, False])
def test_a_call_is_held_to_its_schema_before_its_arguments_begin(name: str, family: Family, parallel: bool) -> None:
    chance = random.Random(name)
    example = wander(family.forced(TOOLS).text, chance)
    matcher = lazy_matcher(family.lazy(TOOLS, parallel=parallel))
    start = begun(matcher, example)
    assert len(start) < len(example)
    assert not re.search("days|unit|deep", start)
    for _ in range(2):
        matcher = lazy_matcher(family.lazy(TOOLS, parallel=parallel))
        answer = begun(matcher, example) + finished(matcher, chance)
        calls = parsed(family, answer, tools=TOOLS).calls
        assert len(calls) == 1 or (parallel and calls)
        for called, arguments in calls:
            schema = next(tool["function"] for tool in TOOLS if tool["function"]["name"] == called)
            jsonschema.validate(arguments, schema.get("parameters", {"type": "object", "maxProperties": 0}))


BARE = ("llama", "llama4")


@EVERY
def test_text_may_stand_in_front_of_a_call(name: str, family: Family) -> None:
    example = wander(family.forced(TOOLS).text, random.Random(name))
    matcher = lazy_matcher(family.lazy(TOOLS))
    text = "Let me see [1] {2} <3> … "
    if name in BARE or name == "harmony":
        with pytest.raises(AssertionError, match="opens no call"):
            begun(matcher, text + example.replace("<|channel|>", ""))
        return
    assert begun(matcher, text + example)


@pytest.mark.parametrize(
    ("family", "text"),
    [
        (families.QWEN_XML, "<function="),
        (families.SEED, "Now: <function="),
        (families.LLAMA, "<|python_tag|>"),
        (families.LLAMA, '\n{\n  "name" :'),
        (families.LLAMA4, "<|python_start|>"),
        (families.KIMI_K3, '<|open|>call tool="'),
        (families.HARMONY, " to=functions."),
        (families.HARMONY, "<|channel|>analysis to=functions."),
        (families.HARMONY, "<|start|>assistant to=functions."),
        (families.COMMAND_R, "Action: ```json"),
        (families.FUNCTOOLS, "import functools; functools["),
        (families.GENERIC, '{"name":'),
        (families.GENERIC, '```json\n{ "name":'),
        (families.GENERIC, '[{"name":'),
        (families.GENERIC, '<tool_call>{"name":'),
        (families.GENERIC, 'Sure: {"name":"now"'),
        (families.GENERIC, 'Sure: [ {"name": "weather"'),
        (families.JSON, '```\n{"name":'),
    ],
    ids=lambda value: value.name if isinstance(value, Family) else None,
)
def test_other_ways_to_begin_a_call(family: Family, text: str) -> None:
    matcher = lazy_matcher(family.lazy(TOOLS))
    assert begun(matcher, text) == text
    assert finished(matcher, random.Random(text))


@pytest.mark.parametrize(
    ("family", "text"),
    [
        (families.GENERIC, 'It is {"name": "Ann", "age": 3}, [1, 2] and {"days": 3}.'),
        (families.FUNCTOOLS, "import functools, then functools.partial."),
        (families.COMMAND_R, "Action: none. Answer: ```json"),
        (families.HARMONY, "<|channel|>final<|message|>Write it to=functions.weather."),
    ],
    ids=lambda value: value.name if isinstance(value, Family) else None,
)
def test_what_only_looks_like_a_call_stays_free(family: Family, text: str) -> None:
    with pytest.raises(AssertionError, match="opens no call"):
        begun(lazy_matcher(family.lazy(TOOLS)), text)


def test_a_list_that_may_hold_one_call_is_closed_behind_it() -> None:
    matcher = lazy_matcher(families.GENERIC.lazy(TOOLS, parallel=False))
    start = begun(matcher, 'Well: [{"name": "now"')
    answer = start + finished(matcher, random.Random(1))
    assert matcher.is_complete
    assert parsed(families.GENERIC, answer, tools=TOOLS).calls == [("now", {})]


def test_command_r_may_say_that_it_answers_itself() -> None:
    matcher = lazy_matcher(families.COMMAND_R.lazy(TOOLS))
    begun(matcher, "Action: ```json")
    for token in byte_tokens('\n[{"tool_name": "directly_answer", "parameters": {}}]\n```'):
        allowed = matcher.allowed()
        assert allowed is not None
        assert allowed[token]
        matcher.admit(token, piece(token), piece(token))


def function(schema: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"function": {"name": "f", "parameters": schema, **more}}


UNHELD = {"type": "object", "properties": {"x": {"type": "integer", "not": {"const": 3}}}, "required": ["x"]}


def test_what_a_grammar_can_not_hold_is_left_out_of_it() -> None:
    lazy = families.HERMES.lazy([function(UNHELD)])
    assert "not" in lazy.constraints[0].text
    assert '"not"' not in lazy.constraints[1].text
    assert not lazy.needed


def test_of_a_strict_function_nothing_is_left_out() -> None:
    lazy = families.HERMES.lazy([function(UNHELD, strict=True)])
    assert lazy.needed
    assert len(lazy.constraints) == 1


def test_a_family_without_tools_has_no_calls() -> None:
    with pytest.raises(InvalidRequest):
        families.PLAIN.lazy(TOOLS)
