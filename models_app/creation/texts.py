"""The small layers: what the request says replaces what the base says (Ollama's setTemplate … setMessages)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from models_app.creation.parts import Part, of_type, part_text, without
from models_app.creation.request import CreateRequest, as_list
from models_app.layers import MAX_TEXT_BYTES
from models_app.manifests import (
    LICENSE_TYPE,
    MESSAGES_TYPE,
    PARAMS_TYPE,
    PROMPT_TYPE,
    SYSTEM_TYPE,
    TEMPLATE_TYPE,
    go_json,
)
from models_app.store import blobs

_MESSAGE_FIELDS = ("role", "content", "thinking", "images", "tool_calls", "tool_name", "tool_call_id")
_ALWAYS_WRITTEN = ("role", "content")


def texts_set(parts: list[Part], request: CreateRequest) -> list[Part]:
    """Template and system replace the base's, licences are added to it, parameters go over it one by one."""
    if request.template:
        parts = [
            *without(without(parts, TEMPLATE_TYPE), PROMPT_TYPE),
            part_text(request.template.encode(), TEMPLATE_TYPE),
        ]
    if request.system:
        parts = [*without(parts, SYSTEM_TYPE), part_text(request.system.encode(), SYSTEM_TYPE)]
    parts = [*parts, *(part_text(text.encode(), LICENSE_TYPE) for text in request.licenses)]
    return _set_messages(_set_parameters(parts, request.parameters), request.messages)


def _set_parameters(parts: list[Part], parameters: Mapping[str, Any]) -> list[Part]:
    merged: dict[str, Any] = {}
    for part in of_type(parts, PARAMS_TYPE):
        merged |= msgspec.json.decode(blobs.blob_read(part.ref.digest, max_bytes=MAX_TEXT_BYTES), type=dict[str, Any])
    merged |= {name: as_list(name, value) for name, value in parameters.items() if value is not None}
    if not merged:
        return parts
    data = go_json({name: _number(merged[name]) for name in sorted(merged)})
    return [*without(parts, PARAMS_TYPE), part_text(data, PARAMS_TYPE)]


def _set_messages(parts: list[Part], messages: Iterable[Mapping[str, Any]]) -> list[Part]:
    written = [_message(message) for message in messages]
    return [*without(parts, MESSAGES_TYPE), part_text(go_json(written), MESSAGES_TYPE)] if written else parts


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    """Go's fields in Go's order; what is empty is left out."""
    whole = {**message, "role": str(message.get("role", "")).lower(), "content": message.get("content") or ""}
    return {name: whole[name] for name in _MESSAGE_FIELDS if name in _ALWAYS_WRITTEN or whole.get(name)}


def _number(value: Any) -> Any:
    """Go writes 1.0 as 1."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
