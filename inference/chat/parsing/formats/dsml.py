"""DeepSeek's calls from V3.2 on: an XML of its own, in which each value says whether it is a string.

``<｜DSML｜function_calls>\\n<｜DSML｜invoke name="f">\\n<｜DSML｜parameter name="p" string="true">v``
``</｜DSML｜parameter>\\n</｜DSML｜invoke>\\n</｜DSML｜function_calls>``. V4 calls the whole ``tool_calls``, and V4.1 ``calls``,
with a space in front of each name. Strings are raw, everything else is JSON.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from inference.chat.parsing.forcing import Force, Function, grammar, literal, tagged_arguments
from inference.chat.parsing.script import CallReader, Emit
from inference.chat.parsing.source import Malformed, Markers, Source, Step
from inference.chat.parsing.tools import Tools, call_of, load_json

MARK = "｜DSML｜"
TAG_END = Markers(">", "\n")
NAME = re.compile(r'\s*name="([^"]*)"\s*(?:string="(true|false)")?\s*(/?)$')


class Dialect:
    """The tags of one version."""

    def __init__(self, whole: str, space: str = "") -> None:
        self.whole, self.whole_end = f"<{MARK}{space}{whole}>", f"</{MARK}{space}{whole}>"
        self.invoke, self.invoke_end = f"<{MARK}{space}invoke", f"</{MARK}{space}invoke>"
        self.parameter, self.parameter_end = f"<{MARK}{space}parameter", f"</{MARK}{space}parameter>"
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
            values[key] = text if string == "true" else _json_or(tools, name, key, text)
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

            arguments = tagged_arguments(self._head, self.parameter_end + "\n")
            start = f"{self.whole}\n"
            return grammar(functions, call, start=start, end=self.whole_end, parallel=parallel, arguments=arguments)

        return grammar_of

    def _head(self, name: str, types: set[str]) -> str:
        string = "true" if types == {"string"} else "false"
        return f'{self.parameter} name="{name}" string="{string}">'


def _head(source: Source) -> Step[tuple[str, str, bool]]:
    """What a tag says behind its name: name, string, and whether it closes itself."""
    text, end = yield from source.collect(TAG_END)
    found = NAME.match(text)
    if end != ">" or found is None:
        raise Malformed
    return found[1], found[2] or "", bool(found[3])


def _json_or(tools: Tools, name: str, key: str, text: str) -> Any:
    try:
        return load_json(text)
    except ValueError:
        return tools.typed(name, key, text)


V32 = Dialect("function_calls")
V4 = Dialect("tool_calls")
V41 = Dialect("calls", " ")
