"""Hermes' calls, which Qwen, Granite, Cogito and many others write: JSON within tags.

``<tool_call>\\n{"name": "f", "arguments": {…}}\\n</tool_call>``; some write a list of objects behind the marker.
"""

from __future__ import annotations

from collections.abc import Sequence

from inference.chat.parsing.forcing import Function, grammar, json_call
from inference.chat.parsing.jsontext import calls_in, read_value
from inference.chat.parsing.script import CallReader, Emit
from inference.chat.parsing.source import Source, Step
from inference.chat.parsing.tools import Tools


def json_reader(*closers: str) -> CallReader:
    """Reads an object, or a list of them, and the closing marker behind it where there is one."""

    def read(source: Source, tools: Tools, emit: Emit) -> Step[None]:
        yield from source.spaces()
        for call in calls_in((yield from read_value(source))):
            emit(call)
        if closers:
            yield from source.spaces()
            # Models miscount their braces.
            while (yield from source.accept("}")):
                yield from source.spaces()
            yield from source.accept(*closers)

    return read


def force(functions: Sequence[Function], parallel: bool) -> str:
    call = json_call("<tool_call>\n", "\n</tool_call>")
    return grammar(functions, call, separator="\n", parallel=parallel)
