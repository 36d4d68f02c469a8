"""Calls of tools as OpenAI writes them: arguments are JSON as text, in the model's own order."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api_openai.custom_tools import custom_input
from inference.events import Finished, ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLook:
    """``legacy``: the client offered ``functions``, and gets a ``function_call``. ``custom``: names of its tools that
    are called with a text. ``is_held``: an answer without calls has a form to keep to."""

    legacy: bool = False
    custom: frozenset[str] = frozenset()
    is_held: bool = False

    def whole(self, calls: Sequence[ToolCall]) -> dict[str, Any]:
        """The fields of a message that has them."""
        if self.legacy:
            return {"function_call": {"name": calls[0].name, "arguments": calls[0].arguments}}
        return {"tool_calls": [self._whole(call) for call in calls]}

    def deltas(self, call: ToolCall, place: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """The head of a call and its arguments apart, as clients have them from OpenAI. ``place``: among all of the
        answer's."""
        if self.legacy:
            head = {"function_call": {"name": call.name, "arguments": ""}}
            return head, {"function_call": {"arguments": call.arguments}}
        kind, argument, text = self._parts(call)
        first = {"index": place, "id": call_id(), "type": kind, kind: {"name": call.name, argument: ""}}
        return {"tool_calls": [first]}, {"tool_calls": [{"index": place, kind: {argument: text}}]}

    def reason(self, finished: Finished, n_calls: int) -> str:
        """Calls are a reason of their own, but for an answer that was cut behind them. A form that a stop string has
        cut into is no longer kept, and the reason says so."""
        if finished.reason != "stop":
            return finished.reason
        if n_calls:
            return "function_call" if self.legacy else "tool_calls"
        return "length" if self.is_held and finished.stop_sequence is not None else "stop"

    def _whole(self, call: ToolCall) -> dict[str, Any]:
        kind, argument, text = self._parts(call)
        return {"id": call_id(), "type": kind, kind: {"name": call.name, argument: text}}

    def _parts(self, call: ToolCall) -> tuple[str, str, str]:
        if call.name in self.custom:
            return "custom", "input", custom_input(call.arguments)
        return "function", "arguments", call.arguments


FUNCTIONS = CallLook()


def call_id() -> str:
    """As OpenAI's look: ``call_`` and 24 characters."""
    return f"call_{secrets.token_hex(12)}"
