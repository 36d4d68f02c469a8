"""Qwen3-Coder's calls (Qwen3.5 and Nemotron 3 write them too): tags around untyped text.

``<tool_call>\\n<function=f>\\n<parameter=p>\\nvalue\\n</parameter>\\n</function>\\n</tool_call>``. One newline on each
side of a value is markup. Values are not escaped, so a tag ends one only where the next tag stands where it belongs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from inference.chat.parsing.forcing import Force, Function, grammar, literal, tagged_arguments
from inference.chat.parsing.formats.hermes import json_reader
from inference.chat.parsing.jsontext import calls_in, read_object
from inference.chat.parsing.opening import behind_marker, standing_for
from inference.chat.parsing.script import CallReader, Emit
from inference.chat.parsing.source import Malformed, Markers, Source, Step
from inference.chat.parsing.tools import Tools, call_of
from inference.request import Opening

NAME_END = Markers(">", "\n")
ARGUMENTS = tagged_arguments(lambda name, types: f"<parameter={name}>\n", "\n</parameter>\n")
NAME = re.compile(r"[^\s<>{}\"']+")


def readers(opening: str, closing: str) -> dict[str, CallReader]:
    """For the tag around a call, and for a function's own: some models leave the outer one out."""
    tags = _Tags(opening, closing)
    return {opening: tags.tool_call, "<function=": tags.function}


class _Tags:
    def __init__(self, opening: str, closing: str) -> None:
        self._closing = closing
        self._json = json_reader(closing)
        self._next = ("<parameter=", "</function>", closing)
        self._value_end = Markers("</parameter>", *self._next)
        # What may stand behind the tag that ends a value.
        self._behind = {"</parameter>": self._next, "</function>": (closing, opening, "<function=")}

    def tool_call(self, source: Source, tools: Tools, emit: Emit) -> Step[None]:
        """A function's tag, or Hermes' JSON."""
        yield from source.spaces()
        if (yield from source.looking_at("{", "[")):
            yield from self._json(source, tools, emit)
            return
        yield from source.expect("<function=")
        yield from self.function(source, tools, emit)

    def function(self, source: Source, tools: Tools, emit: Emit) -> Step[None]:
        """Behind ``<function=``. Llama 3.1 puts JSON into it."""
        text, end = yield from source.collect(NAME_END)
        name = text.strip().strip("\"'")
        if end != ">" or not NAME.fullmatch(name):
            raise Malformed
        yield from source.spaces()
        if (yield from source.looking_at("{")):
            emit(calls_in({"name": name, "arguments": (yield from read_object(source))})[0])
            yield from source.accept("</function>")
            return
        emit(call_of(name, (yield from self._parameters(source, tools, name))))
        yield from source.spaces()
        yield from source.accept(self._closing)

    def _parameters(self, source: Source, tools: Tools, function: str) -> Step[dict[str, Any]]:
        values: dict[str, Any] = {}
        tag = yield from source.expect(*self._next)
        while tag == "<parameter=":
            name, _ = yield from source.collect(NAME_END)
            value, tag = yield from self._value(source)
            values[name] = tools.typed(function, name, value)
            if tag == "</parameter>":
                yield from source.spaces()
                tag = yield from source.expect(*self._next)
        return values

    def _value(self, source: Source) -> Step[tuple[str, str]]:
        """A value, and the tag that ended it. Any tag but ``</parameter>`` ends one only where it begins a line."""
        pieces: list[str] = []
        while True:
            before, tag = yield from source.collect(self._value_end)
            ends = "".join([*pieces[-1:], before]).endswith("\n")
            pieces.append(before)
            spaces = ""
            if tag == "</parameter>" or (tag == "</function>" and ends):
                spaces = yield from source.spaces()
                ends = bool((yield from source.looking_at(*self._behind[tag])))
                ends = ends or (tag == "</function>" and (yield from source.at_end()))
            if ends:
                return _unwrapped("".join(pieces)), tag
            pieces.append(tag + spaces)


def _unwrapped(text: str) -> str:
    return text.removeprefix("\n").removesuffix("\n")


def openings(opening: str) -> tuple[Opening, ...]:
    return behind_marker(opening), standing_for("<function=", f"{opening}\n<function=")


def force_within(opening: str, closing: str) -> Force:
    def grammar_of(functions: Sequence[Function], parallel: bool) -> str:
        def call(function: Function, rule: str) -> str:
            head = f"{opening}\n<function={function['name']}>\n"
            return f"{literal(head)} {rule} {literal(f'</function>{chr(10)}{closing}')}"

        return grammar(functions, call, separator="\n", parallel=parallel, arguments=ARGUMENTS)

    return grammar_of


force = force_within("<tool_call>", "</tool_call>")
