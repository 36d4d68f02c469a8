"""Qwen3-Coder's calls (Qwen3.5 and Nemotron 3 write them too): tags around untyped text.

``<tool_call>\\n<function=f>\\n<parameter=p>\\nvalue\\n</parameter>\\n</function>\\n</tool_call>``. One newline on each
side of a value is markup. Values are not escaped, so a tag ends one only where the next tag stands where it belongs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inference.chat.parsing.forcing import Force, Function, grammar, literal, tagged_arguments
from inference.chat.parsing.formats.hermes import json_reader
from inference.chat.parsing.jsontext import calls_in, read_object
from inference.chat.parsing.script import Emit
from inference.chat.parsing.source import Malformed, Markers, Source, Step
from inference.chat.parsing.tools import Tools, call_of

NAME_END = Markers(">", "\n")
VALUE_END = Markers("</parameter>", "<parameter=", "</function>", "</tool_call>")
# What may stand behind the tag that ends a value.
BEHIND = {
    "</parameter>": ("<parameter=", "</function>", "</tool_call>"),
    "</function>": ("</tool_call>", "<tool_call>", "<function="),
}
ARGUMENTS = tagged_arguments(lambda name, types: f"<parameter={name}>\n", "\n</parameter>\n")
json_call = json_reader("</tool_call>")


def tool_call(source: Source, tools: Tools, emit: Emit) -> Step[None]:
    """Behind ``<tool_call>``: a function's tag, or Hermes' JSON."""
    yield from source.spaces()
    if (yield from source.looking_at("{", "[")):
        yield from json_call(source, tools, emit)
        return
    yield from source.expect("<function=")
    yield from function(source, tools, emit)


def function(source: Source, tools: Tools, emit: Emit) -> Step[None]:
    """Behind ``<function=``, which some models write without ``<tool_call>``. Llama 3.1 puts JSON into it."""
    name, end = yield from source.collect(NAME_END)
    if end != ">" or not name.strip():
        raise Malformed
    name = name.strip().strip("\"'")
    yield from source.spaces()
    if (yield from source.looking_at("{")):
        emit(calls_in({"name": name, "arguments": (yield from read_object(source))})[0])
        yield from source.accept("</function>")
        return
    emit(call_of(name, (yield from _parameters(source, tools, name))))
    yield from source.spaces()
    yield from source.accept("</tool_call>")


def _parameters(source: Source, tools: Tools, function: str) -> Step[dict[str, Any]]:
    values: dict[str, Any] = {}
    tag = yield from source.expect("<parameter=", "</function>", "</tool_call>")
    while tag == "<parameter=":
        name, _ = yield from source.collect(NAME_END)
        value, tag = yield from _value(source)
        values[name] = tools.typed(function, name, value)
        if tag == "</parameter>":
            yield from source.spaces()
            tag = yield from source.expect("<parameter=", "</function>", "</tool_call>")
    return values


def _value(source: Source) -> Step[tuple[str, str]]:
    """A value, and the tag that ended it."""
    pieces: list[str] = []
    while True:
        before, tag = yield from source.collect(VALUE_END)
        pieces.append(before)
        starts_line = "".join(pieces[-2:]).endswith("\n")
        spaces = ""
        if tag == "</parameter>" or (tag == "</function>" and starts_line):
            spaces = yield from source.spaces()
            ends = bool((yield from source.looking_at(*BEHIND[tag])))
            ends = ends or (tag == "</function>" and (yield from source.at_end()))
        else:
            ends = starts_line
        if ends:
            return _unwrapped("".join(pieces)), tag
        pieces.append(tag + spaces)


def _unwrapped(text: str) -> str:
    return text.removeprefix("\n").removesuffix("\n")


def force_within(opening: str, closing: str) -> Force:
    def grammar_of(functions: Sequence[Function], parallel: bool) -> str:
        def call(function: Function, rule: str) -> str:
            head = f"{opening}\n<function={function['name']}>\n"
            return f"{literal(head)} {rule} {literal(f'</function>{chr(10)}{closing}')}"

        return grammar(functions, call, separator="\n", parallel=parallel, arguments=ARGUMENTS)

    return grammar_of


force = force_within("<tool_call>", "</tool_call>")
