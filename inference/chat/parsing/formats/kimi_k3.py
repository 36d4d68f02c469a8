"""Kimi K3's answers: channels and calls as elements, ``<|open|>tag<|sep|>…<|close|>tag<|sep|>``.

The channels are ``think``, ``response`` and ``tools``; a call is ``<|open|>call tool="f" index="1"<|sep|>`` with
elements ``<|open|>argument key="k" type="string"<|sep|>v``. Strings are raw, other types are JSON; attributes escape
``&`` and ``"``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from inference.chat.parsing.answer import Answer
from inference.chat.parsing.forcing import Function, grammar, literal, tagged_arguments
from inference.chat.parsing.opening import behind_marker, standing_for
from inference.chat.parsing.parser import Script
from inference.chat.parsing.source import Ended, Malformed, Markers, Source, Step
from inference.chat.parsing.tools import Tools, call_of, load_json
from inference.events import ToolCall

OPEN, CLOSE, SEPARATOR = "<|open|>", "<|close|>", "<|sep|>"
PRESERVED = (OPEN, CLOSE, SEPARATOR)
THINK = "<|open|>think<|sep|>"
THINK_END = "<|close|>think<|sep|>"
TEXT_ENDS = Markers(OPEN, CLOSE)
TAG_END = Markers(SEPARATOR)
ARGUMENT_END = Markers("<|close|>argument<|sep|>")
ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


def script(tools: Tools, thinking_open: bool) -> Script:
    return lambda source, answer: _run(source, answer, tools, thinking_open)


def _run(source: Source, answer: Answer, tools: Tools, thinking: bool) -> Step[None]:
    """Text outside of every channel is the response: the prompt may have opened it."""
    while mark := (yield from source.until(TEXT_ENDS, answer.thinking if thinking else answer.text)):
        try:
            tag, _ = yield from source.collect(TAG_END)
        except Ended:
            return
        if mark == CLOSE and thinking:
            answer.end_thinking()
        thinking = mark == OPEN and tag == "think"
        if mark == OPEN and tag.startswith("call "):
            yield from _read_call(source, answer, tag, tools)


def _read_call(source: Source, answer: Answer, tag: str, tools: Tools) -> Step[None]:
    source.record(OPEN, tag, SEPARATOR)
    try:
        answer.call(tools.checked((yield from _call(source, tag))))
    except Malformed:
        answer.text(source.recorded())
    except Ended:
        answer.is_cut = True


def _call(source: Source, tag: str) -> Step[ToolCall]:
    name = _attributes(tag).get("tool", "")
    values: dict[str, Any] = {}
    while True:
        yield from source.spaces()
        mark = yield from source.expect(OPEN, CLOSE)
        inner, _ = yield from source.collect(TAG_END)
        if mark == CLOSE:
            return call_of(name, values)
        attributes = _attributes(inner)
        if "key" not in attributes:
            raise Malformed
        text = yield from _value(source)
        values[attributes["key"]] = text if attributes.get("type") == "string" else _loaded(text)


def _value(source: Source) -> Step[str]:
    """To the end tag behind which another tag stands: one that text follows is part of the value."""
    pieces: list[str] = []
    while True:
        before, mark = yield from source.collect(ARGUMENT_END)
        pieces.append(before)
        if (yield from source.looking_at(OPEN, CLOSE)):
            return "".join(pieces)
        pieces.append(mark)


def _attributes(tag: str) -> dict[str, str]:
    return {key: value.replace("&quot;", '"').replace("&amp;", "&") for key, value in ATTRIBUTE.findall(tag)}


def _loaded(text: str) -> Any:
    try:
        return load_json(text)
    except ValueError:
        return text


CHANNEL_OF_TOOLS = f"{OPEN}tools{SEPARATOR}"
OPENINGS = (
    behind_marker(CHANNEL_OF_TOOLS),
    standing_for(f'{OPEN}call tool="', f'{CHANNEL_OF_TOOLS}{OPEN}call tool="'),
)


def force(functions: Sequence[Function], parallel: bool) -> str:
    def call(function: Function, rule: str) -> str:
        name = f'{OPEN}call tool="{_escaped(function["name"])}" index="'
        return f"{literal(name)} /[1-9]/ {literal(chr(34) + SEPARATOR)} {rule} {literal(CLOSE + 'call' + SEPARATOR)}"

    end = f"{CLOSE}tools{SEPARATOR}"
    return grammar(
        functions,
        call,
        start=CHANNEL_OF_TOOLS,
        end=end,
        parallel=parallel,
        arguments=tagged_arguments(_head, f"{CLOSE}argument{SEPARATOR}"),
    )


def _head(name: str, types: set[str]) -> str:
    kind = next(iter(types)).replace("integer", "number") if len(types) == 1 else "object"
    return f'{OPEN}argument key="{_escaped(name)}" type="{kind}"{SEPARATOR}'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;")
