"""Calls of tools as OpenAI writes them: arguments are JSON as text, in the model's own order."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from inference.events import ToolCall


def call_id() -> str:
    """As OpenAI's look: ``call_`` and 24 characters."""
    return f"call_{secrets.token_hex(12)}"


def tool_call_list(calls: Sequence[ToolCall]) -> list[dict[str, Any]]:
    return [
        {"id": call_id(), "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ]


def reason_with_calls(reason: str, n_calls: int, *, legacy: bool) -> str:
    """Calls are a reason of their own, but for an answer that was cut behind them."""
    if not n_calls or reason != "stop":
        return reason
    return "function_call" if legacy else "tool_calls"
