"""Llama 3's calls: JSON, alone or behind ``<|python_tag|>``; several of them with semicolons in between.

``{"name": "f", "parameters": {…}}``. Without the tag it is a call only where the answer begins with it and it names a
tool on offer: JSON may be the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from inference.chat.parsing.forcing import Function, grammar, json_call
from inference.chat.parsing.formats.generic import known_calls
from inference.chat.parsing.formats.hermes import json_reader
from inference.chat.parsing.formats.pythonic import calls_list
from inference.chat.parsing.opening import NAMES
from inference.chat.parsing.script import Emit
from inference.chat.parsing.source import Malformed, Source, Step
from inference.chat.parsing.tools import Tools
from inference.request import Opening

PRESERVED = ("<|python_tag|>", "<|python_start|>", "<|python_end|>")
json_call_text = json_reader()


def bare(source: Source, tools: Tools, emit: Emit) -> Step[None]:
    """Where the answer begins: JSON of Llama 3, or a list of Python's calls of Llama 4."""
    if (yield from source.looking_at("[")):
        yield from calls_list(source, tools, emit)
        return
    yield from known_calls(source, tools, emit)
    while (yield from _another(source)):
        yield from known_calls(source, tools, emit)


def python_tag(source: Source, tools: Tools, emit: Emit) -> Step[None]:
    yield from source.spaces()
    if not (yield from source.looking_at("{", "[")):
        raise Malformed
    yield from json_call_text(source, tools, emit)
    while (yield from _another(source)):
        yield from json_call_text(source, tools, emit)


def python_start(source: Source, tools: Tools, emit: Emit) -> Step[None]:
    """Llama 4's, around a list of calls or JSON."""
    yield from source.spaces()
    yield from bare(source, tools, emit)
    yield from source.spaces()
    yield from source.accept("<|python_end|>")


def _another(source: Source) -> Step[bool]:
    yield from source.spaces()
    if (yield from source.accept(";")):
        yield from source.spaces()
    return bool((yield from source.looking_at("{")))


OPENINGS = (
    Opening(pattern=re.escape("<|python_tag|>")),
    Opening(pattern=r'\s*\{\s*"name"\s*:', begins='{"name":', at_start=True),
)
# Llama 4's lists.
PYTHONIC_OPENINGS = (
    Opening(pattern=re.escape("<|python_start|>")),
    Opening(pattern=rf"\s*\[\s*{NAMES}\(", begins=r"[\1(", at_start=True),
)


def force(functions: Sequence[Function], parallel: bool) -> str:
    call = json_call("", "", arguments_key="parameters")
    return grammar(functions, call, separator="; ", parallel=parallel)
