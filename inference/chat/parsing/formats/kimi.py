"""Kimi K2's calls: tokens around an id that carries the name, and JSON.

``<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{…}<|tool_call_end|>``
``<|tool_calls_section_end|>``. Text between the calls of a section is noise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from inference.chat.parsing.forcing import Function, grammar, literal
from inference.chat.parsing.jsontext import read_object
from inference.chat.parsing.script import Emit
from inference.chat.parsing.source import Malformed, Markers, Source, Step
from inference.chat.parsing.tools import Tools, call_of

SECTION, SECTION_END = "<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"
CALL, ARGUMENTS, CALL_END = "<|tool_call_begin|>", "<|tool_call_argument_begin|>", "<|tool_call_end|>"
PRESERVED = (SECTION, SECTION_END, CALL, ARGUMENTS, CALL_END)
NEXT = Markers(CALL, SECTION_END)
ID_END = Markers(ARGUMENTS, CALL_END, SECTION_END)
ID = re.compile(r"(?:functions\.)?(.*?)(?::\d+)?")


def section(source: Source, tools: Tools, emit: Emit) -> Step[None]:
    while (yield from source.collect(NEXT))[1] == CALL:
        yield from call(source, tools, emit)
        yield from source.spaces()
        if (yield from source.at_end()):
            return


def call(source: Source, tools: Tools, emit: Emit) -> Step[None]:
    identity, mark = yield from source.collect(ID_END)
    found = ID.fullmatch(identity.strip())
    if mark != ARGUMENTS or found is None or not found[1]:
        raise Malformed
    emit(call_of(found[1], (yield from read_object(source))))
    yield from source.spaces()
    yield from source.accept(CALL_END)


def force(functions: Sequence[Function], parallel: bool) -> str:
    def one(function: Function, rule: str) -> str:
        head = f"{literal(CALL + 'functions.' + function['name'] + ':')} /[0-9]/ {literal(ARGUMENTS)}"
        return f"{head} {rule} {literal(CALL_END)}"

    return grammar(functions, one, start=SECTION, end=SECTION_END, parallel=parallel)
