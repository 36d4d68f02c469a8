"""Mistral's calls, as its tokenizers' versions write them.

v3: ``[TOOL_CALLS] [{"name": "f", "arguments": {…}}, …]``; v11 and later: ``[TOOL_CALLS]f[ARGS]{…}`` for each call, with
``[CALL_ID]id`` in front of the arguments or not; without ``[ARGS]`` in between, too (v11's first models).
"""

from __future__ import annotations

from collections.abc import Sequence

from inference.chat.parsing.forcing import Function, grammar, json_call, literal
from inference.chat.parsing.formats.hermes import json_reader
from inference.chat.parsing.jsontext import read_object
from inference.chat.parsing.script import Emit
from inference.chat.parsing.source import Characters, Malformed, Source, Step
from inference.chat.parsing.tools import Tools, call_of

CALLS, ARGS, CALL_ID = "[TOOL_CALLS]", "[ARGS]", "[CALL_ID]"
PRESERVED = (CALLS, ARGS, CALL_ID, "[THINK]", "[/THINK]")
NAME_END = Characters(r"[^\w.\-:/]")
BEHIND_NAME = (ARGS[1:], CALL_ID[1:])
json_calls = json_reader()


def tool_calls(source: Source, tools: Tools, emit: Emit) -> Step[None]:
    yield from source.spaces()
    if (yield from source.looking_at("[", "{")):
        yield from json_calls(source, tools, emit)
        return
    name, mark = yield from source.collect(NAME_END)
    if not name or mark not in "[{":
        raise Malformed
    if mark == "[" and (yield from source.expect(*BEHIND_NAME)) == CALL_ID[1:]:
        yield from source.collect(NAME_END)
        yield from source.expect(ARGS[1:])
    emit(call_of(name, (yield from read_object(source, "{" if mark == "{" else ""))))


def force_list(functions: Sequence[Function], parallel: bool) -> str:
    return grammar(functions, json_call("", ""), start=f"{CALLS} [", separator=", ", end="]", parallel=parallel)


def force(functions: Sequence[Function], parallel: bool) -> str:
    def call(function: Function, rule: str) -> str:
        return f"{literal(CALLS + function['name'] + ARGS)} {rule}"

    return grammar(functions, call, parallel=parallel)
