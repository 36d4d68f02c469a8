"""GLM's calls (4.5 and later): a name, then keys and values in tags.

``<tool_call>f\\n<arg_key>k</arg_key>\\n<arg_value>v</arg_value>\\n</tool_call>``; from 4.7 on without the newlines.
Strings are raw, everything else is JSON; a value's white space belongs to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inference.chat.parsing.forcing import Function, grammar, literal, tagged_arguments
from inference.chat.parsing.script import Emit
from inference.chat.parsing.source import Malformed, Markers, Source, Step
from inference.chat.parsing.tools import Tools, call_of

NAME_END = Markers("<arg_key>", "</tool_call>")
KEY_END = Markers("</arg_key>")
VALUE_END = Markers("</arg_value>", "</tool_call>")
NEXT = ("<arg_key>", "</tool_call>")
ARGUMENTS = tagged_arguments(lambda name, types: f"<arg_key>{name}</arg_key><arg_value>", "</arg_value>")


def tool_call(source: Source, tools: Tools, emit: Emit) -> Step[None]:
    name, tag = yield from source.collect(NAME_END)
    name = name.strip()
    if not name or any(character.isspace() or character in "{<" for character in name):
        raise Malformed
    values: dict[str, Any] = {}
    while tag == "<arg_key>":
        key, _ = yield from source.collect(KEY_END)
        yield from source.spaces()
        yield from source.expect("<arg_value>")
        text, tag = yield from _value(source)
        values[key.strip()] = tools.typed(name, key.strip(), text)
    emit(call_of(name, values))


def _value(source: Source) -> Step[tuple[str, str]]:
    """A value, and the tag behind it. A tag within a value is one that nothing that belongs there follows."""
    pieces: list[str] = []
    while True:
        before, tag = yield from source.collect(VALUE_END)
        pieces.append(before)
        if tag == "</arg_value>":
            spaces = yield from source.spaces()
            behind = yield from source.accept(*NEXT)
            if behind:
                return "".join(pieces), behind
            pieces.append(tag + spaces)
        elif (yield from _closes(source)):
            return "".join(pieces), tag
        else:
            pieces.append(tag)


def _closes(source: Source) -> Step[bool]:
    """Whether a ``</tool_call>`` in a value that was not closed is the call's own."""
    return bool((yield from source.looking_at("\n<tool_call>", "<tool_call>"))) or (yield from source.at_end())


def force(functions: Sequence[Function], parallel: bool) -> str:
    def call(function: Function, rule: str) -> str:
        return f"{literal('<tool_call>' + function['name'])} {rule} {literal('</tool_call>')}"

    return grammar(functions, call, parallel=parallel, arguments=ARGUMENTS)
