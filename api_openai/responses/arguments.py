"""Arguments of calls: JSON as text, which a model may have written with half a surrogate pair in it."""

from __future__ import annotations

import json
from typing import Any

import orjson


def read_arguments(text: str) -> dict[str, Any] | None:
    """None where it is no JSON object. What is no text becomes ``?``, so that it can be sent on."""
    try:
        value = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        value = _read_leniently(text)
    return value if isinstance(value, dict) else None


def _read_leniently(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return orjson.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
