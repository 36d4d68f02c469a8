"""Calls of models whose template knows no tools: a system text asks for JSON, and JSON that names a tool is a call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from inference.chat.parsing.forcing import Function, grammar, json_call
from inference.chat.parsing.jsontext import CALL_KEYS, calls_in, read_known
from inference.chat.parsing.opening import NAMES
from inference.chat.parsing.script import CallReader, Emit, Syntax
from inference.chat.parsing.source import Malformed, Source, Step
from inference.chat.parsing.tools import Tools
from inference.request import Opening

INSTRUCTIONS = (
    "You can call these functions, each described by a JSON schema:\n\n{functions}\n\n"
    "To call a function, answer with nothing but a JSON object in this form:\n"
    '{{"name": "<name of the function>", "arguments": {{<arguments by its schema>}}}}\n'
    "To call several, answer with one such object on each line. Where no function helps, answer in plain text."
)
LANGUAGES = ("json", "tool_call", "tool_code")


def generic_instructions(tools: Sequence[Mapping[str, Any]]) -> str:
    """A system text that describes the tools and the form of a call."""
    functions = [tool.get("function", tool) for tool in tools]
    lines = (json.dumps(_described(function), ensure_ascii=False) for function in functions)
    return INSTRUCTIONS.format(functions="\n".join(lines))


def _described(function: Function) -> dict[str, Any]:
    return {key: function[key] for key in ("name", "description", "parameters") if function.get(key)}


def known_calls(source: Source, tools: Tools, emit: Emit, opened: str = "") -> Step[None]:
    """An object or a list of objects that name tools on offer. Raises Malformed, Ended: then it is text."""
    calls = calls_in((yield from read_known(source, CALL_KEYS, opened)))
    if any(call.name not in tools for call in calls):
        raise Malformed
    for call in calls:
        emit(call)


def opened_by(bracket: str) -> CallReader:
    """Reads calls whose first bracket was the marker."""
    return lambda source, tools, emit: known_calls(source, tools, emit, bracket)


def fenced(source: Source, tools: Tools, emit: Emit) -> Step[None]:
    yield from source.accept(*LANGUAGES)
    yield from source.spaces()
    yield from known_calls(source, tools, emit)
    yield from source.spaces()
    yield from source.accept("```")


def tagged(closer: str) -> CallReader:
    def read(source: Source, tools: Tools, emit: Emit) -> Step[None]:
        yield from source.spaces()
        yield from known_calls(source, tools, emit)
        yield from source.spaces()
        yield from source.accept(closer)

    return read


def force(functions: Sequence[Function], parallel: bool) -> str:
    return grammar(functions, json_call("", ""), separator="\n", parallel=parallel)


def hold(functions: Sequence[Function], parallel: bool) -> str:
    """Behind an opening: one object, or a list of them."""
    others = '(", " call)*' if parallel else ""
    one = grammar(functions, json_call("", ""), parallel=False)
    return one.replace("start: call", f'start: call | "[" call {others} "]"', 1)


# Where the answer begins with it, JSON with a name is taken for a call: of a tool there is. Elsewhere it may be
# anything, until it names one.
OPENINGS = (
    Opening(pattern=rf'\s*(?:```(?:{"|".join(LANGUAGES)})?\s*)?\{{\s*"name"\s*:', begins='{"name":', at_start=True),
    Opening(pattern=r'\s*\[\s*\{\s*"name"\s*:', begins='[{"name":', at_start=True),
    Opening(pattern=r'<tool_call>\s*\{\s*"name"\s*:', begins='{"name":'),
    Opening(pattern=rf'\[\s*\{{\s*"name"\s*:\s*"{NAMES}"', begins=r'[{"name": "\1"'),
    Opening(pattern=rf'\{{\s*"name"\s*:\s*"{NAMES}"', begins=r'{"name": "\1"'),
)
SYNTAX = Syntax(
    calls={
        "```": fenced,
        "<tool_call>": tagged("</tool_call>"),
        "{": opened_by("{"),
        "[": opened_by("["),
    },
    thinking=(("<think>", "</think>"),),
    words=("```", "{", "["),
)
