"""Renders a Go template over plain data, for the tests of the language."""

from __future__ import annotations

from typing import Any

from inference.chat.gotemplate import Executor, Meter, parse
from inference.chat.ollama.values import json_text

DATA: dict[str, Any] = {
    "name": "Ada",
    "empty": "",
    "list": ["x", "y", "z"],
    "map": {"b": 1.0, "a": {"c": "deep"}, "n": None},
    "number": 5.0,
    "yes": True,
    "no": False,
    "nothing": None,
    "none": [],
}


def render(source: str, data: Any = DATA, meter: Meter | None = None) -> str:
    meter = meter or Meter()
    program = parse(source, functions={"json": lambda args: json_text(args[0])})
    Executor(program.templates, program.functions, meter).run(program.nodes, data)
    return meter.text()
