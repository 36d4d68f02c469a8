"""DeepSeek's calls from V3.2 on: an XML of its own, in which each value says whether it is a string.

``<｜DSML｜function_calls>\\n<｜DSML｜invoke name="f">\\n<｜DSML｜parameter name="p" string="true">v``
``</｜DSML｜parameter>\\n</｜DSML｜invoke>\\n</｜DSML｜function_calls>``. V4 calls the whole
``tool_calls``, and V4.1 ``calls``, with a space in front of each name. Strings are raw, everything else is JSON.
MiniMax' is alike, but does not tell strings apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from inference.chat.parsing.forcing import Arguments, Force, Function, grammar, literal, tagged_arguments
from inference.chat.parsing.script import CallReader, Emit
from inference.chat.parsing.source import Malformed, Markers, Source, Step
from inference.chat.parsing.tools import Tools, call_of, load_json

MARK = "｜DSML｜"
TAG_END = Markers(">", "\n")
NAME = re.compile(r'\s*name="([^"]*)"\s*(?:string="(true|false)")?\s*(/?)$')


class Dialect:
    """The tags of one version: ``whole`` around all calls, ``prefix`` in front of the names of the others."""

    def __init__(self, whole: str, prefix: str, *, tells_strings: bool = True) -> None:
        self.whole, self.whole_end = f"<{whole}>", f"</{whole}>"
        self.invoke, self.invoke_end = f"<{prefix}invoke", f"</{prefix}invoke>"
        self.parameter, self.parameter_end = f"<{prefix}parameter", f"</{prefix}parameter>"
        self._tells_strings = tells_strings
        self._value_end = Markers(self.parameter_end)

    def calls(self) -> dict[str, CallReader]:
        return {self.whole: self._section}

    def _section(self, source: Source, tools: Tools, emit: Emit) -> Step[None]:
        yield from source.spaces()
        while (yield from source.expect(self.invoke, self.whole_end)) == self.invoke:
            yield from self._invoke(source, tools, emit)
            yield from source.spaces()
            if (yield from source.at_end()):
                return

    def _invoke(self, source: Source, tools: Tools, emit: Emit) -> Step[None]:
        name, _, closed = yield from _head(source)
        values: dict[str, Any] = {}
        while not closed:
            yield from source.spaces()
            if (yield from source.expect(self.parameter, self.invoke_end)) == self.invoke_end:
                break
            key, string, _ = yield from _head(source)
            text = yield from self._value(source)
            values[key] = _typed(tools, name, key, text, string)
        emit(call_of(name, values))

    def _value(self, source: Source) -> Step[str]:
        """Ends where the tag behind it belongs there; else it is part of the value."""
        pieces: list[str] = []
        while True:
            before, _ = yield from source.collect(self._value_end)
            spaces = yield from source.spaces()
            pieces.append(before)
            if (yield from source.looking_at(self.parameter, self.invoke_end)):
                return "".join(pieces)
            pieces.append(self.parameter_end + spaces)

    def force(self) -> Force:
        def grammar_of(functions: Sequence[Function], parallel: bool) -> str:
            def call(function: Function, rule: str) -> str:
                opening = f'{self.invoke} name="{function["name"]}">\n'
                return f"{literal(opening)} {rule} {literal(self.invoke_end + chr(10))}"

            start = f"{self.whole}\n"
            return grammar(
                functions, call, start=start, end=self.whole_end, parallel=parallel, arguments=self.arguments()
            )

        return grammar_of

    def arguments(self) -> Arguments:
        """The rules of a call's arguments (see ``grammar``)."""
        return tagged_arguments(self._head, self.parameter_end + "\n")

    def _head(self, name: str, types: set[str]) -> str:
        string = "true" if types == {"string"} else "false"
        told = f' string="{string}"' if self._tells_strings else ""
        return f'{self.parameter} name="{name}"{told}>'


def _head(source: Source) -> Step[tuple[str, str, bool]]:
    """What a tag says behind its name: name, string, and whether it closes itself."""
    text, end = yield from source.collect(TAG_END)
    found = NAME.match(text)
    if end != ">" or found is None:
        raise Malformed
    return found[1], found[2] or "", bool(found[3])


def _typed(tools: Tools, name: str, key: str, text: str, string: str) -> Any:
    if string == "true":
        return text
    try:
        return load_json(text) if string else tools.typed(name, key, text)
    except ValueError:
        return tools.typed(name, key, text)


V32 = Dialect(f"{MARK}function_calls", MARK)
V4 = Dialect(f"{MARK}tool_calls", MARK)
V41 = Dialect(f"{MARK} calls", f"{MARK} ")
MINIMAX = Dialect("minimax:tool_call", "", tells_strings=False)
