"""Go's text/template language, as far as Ollama's models speak it, over Python's values.

    program = parse(source, functions={"json": …})
    executor = Executor(program.templates, program.functions, Meter())

Knows nothing of chats: ``inference.chat.ollama.template`` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inference.chat.gotemplate.errors import FunctionError, GoTemplateError
from inference.chat.gotemplate.execute import Executor
from inference.chat.gotemplate.functions import BUILTINS, SHORT_CIRCUIT, Function
from inference.chat.gotemplate.lexer import tokens
from inference.chat.gotemplate.limits import Meter
from inference.chat.gotemplate.nodes import Nodes
from inference.chat.gotemplate.parser import Parser

__all__ = ["Executor", "Function", "FunctionError", "GoTemplateError", "Meter", "Program", "parse"]

MAX_SOURCE_CHARS = 1_000_000


@dataclass(frozen=True, slots=True)
class Program:
    """A parsed template: its own nodes, those of the templates it defines, and the functions it may call."""

    nodes: Nodes
    templates: Mapping[str, Nodes]
    functions: Mapping[str, Function]


def parse(source: str, *, functions: Mapping[str, Function] | None = None) -> Program:
    """Raises GoTemplateError."""
    if len(source) > MAX_SOURCE_CHARS:
        raise GoTemplateError(1, "too long")
    known = {**BUILTINS, **(functions or {})}
    parser = Parser(list(tokens(source)), known.keys() | SHORT_CIRCUIT)
    try:
        nodes = parser.parse()
    except RecursionError:
        raise GoTemplateError(1, "nested too deeply") from None
    return Program(nodes, parser.templates, known)
