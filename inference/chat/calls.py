"""The last look at a tool call before it leaves: the tool is one of those offered, the arguments are an object, and
they are what its schema says.

A call within the family's own syntax has been held to all that by a grammar. But a model may find other ways to write
one, and a schema may say what no grammar holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from inference.chat.validation import validator
from inference.events import ToolCall

Tool = Mapping[str, Any]


class CallCheck:
    """For one answer, and the thread that reads it. ``most`` calls may leave; None: any number."""

    def __init__(self, tools: Sequence[Tool], *, most: int | None = None) -> None:
        functions = [tool.get("function", tool) for tool in tools]
        self._schemas = {str(each.get("name", "")): each.get("parameters") for each in functions}
        self._validators: dict[str, Callable[[Any], bool]] = {}
        self._most = most
        self._n_left = 0

    def __call__(self, call: ToolCall) -> bool:
        """Whether it may leave; one that may is counted."""
        if self._n_left == self._most or call.name not in self._schemas or not self._is_valid(call):
            return False
        self._n_left += 1
        return True

    def _is_valid(self, call: ToolCall) -> bool:
        arguments = json.loads(call.arguments)
        if call.name not in self._validators:
            self._validators[call.name] = validator(self._schemas[call.name])
        return isinstance(arguments, dict) and self._validators[call.name](arguments)
