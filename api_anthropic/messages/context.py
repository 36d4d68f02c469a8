"""``context_management``: which thoughts of earlier turns the model still sees (beta context-management-2025-06-27)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from inference.request import Message
from power_site.http import BadRequest

_FIELD = "context_management.edits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """``turns`` as the model sees them, and in how many of them thoughts were cleared."""

    turns: list[Message]
    n_cleared: int = 0


def managed(turns: Sequence[Message], asked: Mapping[str, Any] | None) -> Managed:
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
    return Managed(turns=kept, n_cleared=sum(map(_is_cleared, turns, kept)))


def applied_edits(*, n_cleared: int, n_tokens: int) -> list[dict[str, Any]]:
    """What was done, as the answer tells it. ``n_tokens`` are those that the prompt lost."""
    if not n_cleared:
        return []
    return [
        {
            "type": "clear_thinking_20251015",
            "cleared_thinking_turns": n_cleared,
            "cleared_input_tokens": n_tokens,
        }
    ]


def _is_cleared(before: Message, after: Message) -> bool:
    return bool(before.thinking) and not after.thinking


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
