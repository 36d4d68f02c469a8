"""Which calls may leave: of tools that are offered, with arguments that their schemas allow, and no more than asked."""

from __future__ import annotations

from typing import Any

import pytest

from inference.chat.calls import CallCheck
from inference.chat.parsing.families import GENERIC, GLIMMER, HARMONY, HERMES, KIMI_K3, LLAMA, LLAMA4
from inference.chat.parsing.family import Family
from inference.events import TextDelta, ToolCall
from tests.inference.chat.parsing.writing import WRITERS

PARAMETERS = {
    "type": "object",
    "properties": {"days": {"type": "integer", "not": {"const": 3}}},
    "required": ["days"],
    "additionalProperties": False,
}
TOOLS: list[dict[str, Any]] = [
    {"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}},
    {"name": "now"},
]


@pytest.mark.parametrize(
    ("name", "arguments", "passes"),
    [
        ("weather", '{"days": 2}', True),
        ("weather", '{"days": 3}', False),
        ("weather", '{"days": "2"}', False),
        ("weather", "{}", False),
        ("weather", '{"days": 2, "x": 1}', False),
        ("now", '{"anything": 1}', True),
        ("now", "[]", False),
        ("nothing", "{}", False),
    ],
)
def test_a_call_is_of_a_tool_and_keeps_to_its_schema(name: str, arguments: str, passes: bool) -> None:
    assert CallCheck(TOOLS)(ToolCall(name=name, arguments=arguments)) is passes


def test_no_more_calls_leave_than_may() -> None:
    check = CallCheck(TOOLS, most=1)
    assert not check(ToolCall(name="nothing", arguments="{}")), "and it does not count"
    assert [check(ToolCall(name="now", arguments="{}")) for _ in range(3)] == [True, False, False]


def read(family: Family, text: str, **check: Any) -> tuple[str, list[str]]:
    parser = family.parser(tools=TOOLS, check=CallCheck(TOOLS, **check))
    events = [*parser.feed(text), *parser.finish()]
    said = "".join(event.text for event in events if isinstance(event, TextDelta))
    return said, [event.arguments for event in events if isinstance(event, ToolCall)]


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.family.name)
def test_a_call_that_may_not_leave_is_text_in_every_family(writer: Any) -> None:
    for call in ("weather", {"days": 3}), ("weather", {}):
        text, calls = read(writer.family, writer.calls([call]))
        assert calls == []
        assert "weather" in text
    text, calls = read(writer.family, writer.calls([("weather", {"days": 2})]))
    assert calls == ['{"days": 2}']
    assert not text.strip()


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.family.name)
def test_behind_the_one_that_may_be_a_call_is_text(writer: Any) -> None:
    text, calls = read(writer.family, writer.calls([("weather", {"days": 1}), ("weather", {"days": 2})]), most=1)
    assert len(calls) <= 1
    assert "2" in text


@pytest.mark.parametrize(
    ("family", "text"),
    [
        (HERMES, 'Well: <tool_call>\n{"name": "weather", "argum'),
        (HARMONY, '<|channel|>commentary to=functions.weather<|message|>{"days'),
        (HARMONY, "<|channel|>commentary to=functions.weather <|const"),
        (GLIMMER, ' to=weather<|message|><atem:function_calls>\n<atem:invoke name="weather">'),
        (KIMI_K3, '<|open|>tools<|sep|><|open|>call tool="weather" index="1"<|sep|><|open|>argument'),
    ],
    ids=lambda value: value.name if isinstance(value, Family) else None,
)
def test_a_call_that_is_cut_is_known_to_be(family: Family, text: str) -> None:
    parser = family.parser(tools=TOOLS)
    events = [*parser.feed(text), *parser.finish()]
    assert parser.is_cut
    assert "days" not in "".join(event.text for event in events if isinstance(event, TextDelta))


def cut_after(family: Family, text: str, *, forced: bool) -> tuple[str, bool]:
    """The text that is left of a call's beginning, and whether it is known to be cut."""
    parser = family.parser(tools=TOOLS, forced=forced)
    events = [*parser.feed(text), *parser.finish()]
    assert not any(isinstance(event, ToolCall) for event in events)
    return "".join(event.text for event in events if isinstance(event, TextDelta)), parser.is_cut


@pytest.mark.parametrize(
    ("family", "call"),
    [
        (GENERIC, '{"name": "now", "arguments": {}}'),
        (LLAMA, '{"name": "now", "parameters": {}}'),
        (LLAMA4, "[now()]"),
    ],
    ids=lambda value: value.name if isinstance(value, Family) else None,
)
def test_half_a_call_without_a_marker_is_a_text_unless_the_answer_had_to_be_calls(family: Family, call: str) -> None:
    for end in range(1, len(call)):
        assert cut_after(family, call[:end], forced=False) == (call[:end], False)
        assert cut_after(family, call[:end], forced=True) == ("", True)


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.family.name)
def test_an_answer_of_calls_that_had_to_be_is_whole(writer: Any) -> None:
    parser = writer.family.parser(tools=TOOLS, forced=True)
    events = [*parser.feed(writer.calls([("weather", {"days": 2})])), *parser.finish()]
    assert [event.name for event in events if isinstance(event, ToolCall)] == ["weather"]
    assert not parser.is_cut


def test_a_whole_answer_is_not_cut() -> None:
    parser = HERMES.parser(tools=TOOLS)
    parser.feed('Well: <tool_call>\n{"name": "now", "arguments": {}}\n</tool_call> there.')
    parser.finish()
    assert not parser.is_cut
