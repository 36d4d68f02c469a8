"""Gemma 4's calls, and FunctionGemma's: a name and an object with bare keys, strings between quotes of their own.

``<|tool_call>call:f{k:<|"|>v<|"|>,n:1}<tool_call|>``; FunctionGemma:
``<start_function_call>call:f{k:<escape>v<escape>}<end_function_call>``. Nothing is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence

from inference.chat.parsing.forcing import Force, Function, arguments_schema, grammar, literal
from inference.chat.parsing.formats.gemma_rules import BareRules
from inference.chat.parsing.loose import Loose
from inference.chat.parsing.script import CallReader, Emit
from inference.chat.parsing.source import Malformed, Markers, Source, Step
from inference.chat.parsing.tools import Tools, call_of

MAX_NAME = 256


def reader(quote: str, end: str) -> CallReader:
    structure = Markers("{", "}", "[", "]", quote, end)
    quoted = Markers(quote)

    def read(source: Source, tools: Tools, emit: Emit) -> Step[None]:
        yield from source.spaces()
        yield from source.expect("call:")
        name, mark = yield from source.collect(structure)
        if mark != "{" or not name.strip() or len(name) > MAX_NAME:
            raise Malformed
        text = yield from _body(source)
        emit(call_of(name.strip(), Loose(text, quotes={quote: quote}, escapes=False).pairs("}", ":")))
        yield from source.spaces()
        yield from source.accept(end)

    def _body(source: Source) -> Step[str]:
        pieces: list[str] = []
        depth = 1
        while depth:
            before, mark = yield from source.collect(structure)
            pieces += before, mark
            if mark == quote:
                inner, _ = yield from source.collect(quoted)
                pieces += inner, quote
            elif mark == end:
                raise Malformed
            else:
                depth += 1 if mark in "{[" else -1
        return "".join(pieces)

    return read


def force(opening: str, quote: str, end: str) -> Force:
    def grammar_of(functions: Sequence[Function], parallel: bool) -> str:
        def call(function: Function, rule: str) -> str:
            return f"{literal(opening + 'call:' + function['name'])} {rule} {literal(end)}"

        def arguments(function: Function, rule: str) -> list[str]:
            return BareRules(quote, arguments_schema(function)).rules(rule)

        return grammar(functions, call, parallel=parallel, arguments=arguments)

    return grammar_of
