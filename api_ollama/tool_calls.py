"""Calls of tools as Ollama writes them (ToolCall, api/types.go): arguments are an object, in the model's own order."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Sequence
from typing import Any

import orjson

from inference.events import ToolCall

_ID_CHARS = string.ascii_lowercase + string.digits


def tool_call_list(calls: Sequence[ToolCall], *, first: int = 0) -> list[dict[str, Any]]:
    """``first`` is the place of the first among all calls of the answer."""
    return [
        {
            "id": _new_id(),
            "function": {"index": first + place, "name": call.name, "arguments": _object(call.arguments)},
        }
        for place, call in enumerate(calls)
    ]


def _new_id() -> str:
    """As Ollama makes them: ``call_`` and eight letters and digits (server/routes.go, toolCallId)."""
    return "call_" + "".join(secrets.choice(_ID_CHARS) for _ in range(8))


def _object(text: str) -> Any:
    """Compact, because a line break in it would break the line. Half a surrogate pair is no text to orjson."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return orjson.Fragment(json.dumps(json.loads(text), separators=(",", ":")))
