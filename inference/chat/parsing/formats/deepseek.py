"""DeepSeek's calls up to V3.1: tokens around a name and JSON.

V3 and R1: ``<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\\n```json\\n{…}\\n```<｜tool▁call▁end｜>
<｜tool▁calls▁end｜>``; V3.1: ``…<｜tool▁call▁begin｜>f<｜tool▁sep｜>{…}<｜tool▁call▁end｜>…``.
"""

from __future__ import annotations

from collections.abc import Sequence

from inference.chat.parsing.forcing import Force, Function, grammar, literal
from inference.chat.parsing.jsontext import read_object
from inference.chat.parsing.script import Emit
from inference.chat.parsing.source import Malformed, Markers, Source, Step
from inference.chat.parsing.tools import Tools, call_of

SECTION, SECTION_END = "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"
CALL, SEPARATOR, CALL_END = "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>"
PRESERVED = (SECTION, SECTION_END, CALL, SEPARATOR, CALL_END)
HEAD_END = Markers(SEPARATOR, CALL_END, SECTION_END)
LINE_END = Markers("\n")


def section(source: Source, tools: Tools, emit: Emit) -> Step[None]:
    yield from source.spaces()
    while (yield from source.expect(CALL, SECTION_END)) == CALL:
        yield from _call(source, emit)
        yield from source.spaces()
        if (yield from source.at_end()):
            return


def _call(source: Source, emit: Emit) -> Step[None]:
    name, mark = yield from source.collect(HEAD_END)
    if mark != SEPARATOR:
        raise Malformed
    yield from source.spaces()
    fenced = not (yield from source.looking_at("{"))
    if fenced:
        name, _ = yield from source.collect(LINE_END)
        yield from source.spaces()
        yield from source.expect("```json")
    arguments = yield from read_object(source)
    if fenced:
        yield from source.spaces()
        yield from source.expect("```")
    emit(call_of(name.strip(), arguments))
    yield from source.spaces()
    yield from source.accept(CALL_END)


def force(*, fenced: bool) -> Force:
    opening, closing = ("\n```json\n", "\n```") if fenced else ("", "")
    kind = f"function{SEPARATOR}" if fenced else ""

    def grammar_of(functions: Sequence[Function], parallel: bool) -> str:
        def call(function: Function, rule: str) -> str:
            middle = opening if fenced else SEPARATOR
            return f"{literal(CALL + kind + function['name'] + middle)} {rule} {literal(closing + CALL_END)}"

        separator = "\n" if fenced else ""
        return grammar(functions, call, start=SECTION, separator=separator, end=SECTION_END, parallel=parallel)

    return grammar_of
