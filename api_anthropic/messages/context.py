"""``context_management``: which thoughts of earlier turns the model still sees (beta context-management-2025-06-27)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from inference.request import Message
from power_site.http import BadRequest

_FIELD = "context_management.edits"


def managed(turns: Sequence[Message], asked: Mapping[str, Any] | None) -> list[Message]:
    """Raises BadRequest for edits other than clear_thinking_20251015."""
    kept = list(turns)
    edits = (asked or {}).get("edits") or []
    if not isinstance(edits, list):
        raise BadRequest(f"{_FIELD} must be a list", field=_FIELD)
    for index, edit in enumerate(edits):
        match edit:
            case {"type": "clear_thinking_20251015"}:
                kept = _without_thinking(kept, _n_kept(edit.get("keep", {"type": "thinking_turns", "value": 1})))
            case {"type": str(kind)}:
                raise BadRequest(f'{_FIELD}[{index}]: "{kind[:64]}" is not supported by this server', field=_FIELD)
            case _:
                raise BadRequest(f"{_FIELD}[{index}] must be an object with a type", field=_FIELD)
    return kept


def _n_kept(keep: Any) -> int | None:
    """Turns; None for all."""
    match keep:
        case "all" | {"type": "all"}:
            return None
        case {"type": "thinking_turns", "value": int(value)} if value > 0:
            return value
    raise BadRequest(f'{_FIELD}: keep must be "all" or so many thinking_turns', field=_FIELD)


def _without_thinking(turns: list[Message], n_kept: int | None) -> list[Message]:
    thinking = [index for index, turn in enumerate(turns) if turn.thinking]
    cleared = set() if n_kept is None else set(thinking[:-n_kept])
    return [replace(turn, thinking="") if index in cleared else turn for index, turn in enumerate(turns)]
