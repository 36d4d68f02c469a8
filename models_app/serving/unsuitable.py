"""What is wrong with tools that no grammar can be made of, in words for a client that has never seen the grammar."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inference.errors import InvalidConstraint, InvalidRequest
from models_app.serving.tools import Tool

# llguidance's: where it stands, and what it is, in front of the lines around it.
_PLACE = re.compile(r"\bat (\d+)\(")
_REASON = re.compile(r"(?:failed to compile JSON schema|invalid regex .*? \(in regex\)): (.*?)(?: \d+ \| |$)")


def unsuitable_tools(error: InvalidConstraint, *, grammar: str = "", tools: Sequence[Tool] = ()) -> InvalidRequest:
    """``grammar`` is what was refused, and ``tools`` are those it is made of, in their order."""
    found = _REASON.search(str(error))
    about = _subject(_line(error, grammar), tools)
    return InvalidRequest(f"{about} can't be kept to: {found[1] if found else error}")


def _line(error: InvalidConstraint, grammar: str) -> str:
    place = _PLACE.search(str(error))
    lines = grammar.splitlines()
    return lines[int(place[1]) - 1] if place and int(place[1]) <= len(lines) else ""


def _subject(line: str, tools: Sequence[Tool]) -> str:
    if line.startswith("answer:"):
        return "the format"
    number = re.match(r"arguments_(\d+)", line, re.IGNORECASE)
    if number is None or int(number[1]) >= len(tools):
        return "the parameters of a tool"
    return f'the parameters of the tool "{tools[int(number[1])]["function"]["name"][:64]}"'
