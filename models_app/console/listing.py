"""The catalog's and the server's listings, as table rows and as the JSON of ``/api/tags`` and ``/api/show``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from models_app.console.humanize import human_bytes, human_time, printable
from models_app.entries import ModelCard, ModelEntry

LIST_HEADER = ("NAME", "ID", "SIZE", "MODIFIED")
PS_HEADER = ("NAME", "ID", "SIZE", "PROCESSOR", "CONTEXT", "UNTIL")
_ID_LENGTH = 12


def entry_row(entry: ModelEntry, now: datetime) -> tuple[str, ...]:
    size = human_bytes(entry.size_bytes)
    return (entry.name.short, entry.digest[:_ID_LENGTH], size, human_time(entry.modified_at, now))


def tag_row(model: dict[str, Any], now: datetime) -> tuple[str, ...]:
    """``model`` is one object of ``/api/tags``; what comes from a server is not trusted to be clean text."""
    cells = (
        str(model.get("name", "")),
        str(model.get("digest", ""))[:_ID_LENGTH],
        human_bytes(int(model.get("size") or 0)),
        _time(str(model.get("modified_at", "")), now),
    )
    return tuple(printable(cell) for cell in cells)


def _time(text: str, now: datetime) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return "Unknown"
    return human_time(moment if moment.tzinfo else moment.astimezone(), now)


def entry_json(entry: ModelEntry) -> dict[str, Any]:
    return {
        "name": entry.name.short,
        "model": entry.name.short,
        "modified_at": entry.modified_at.astimezone(),
        "size": entry.size_bytes,
        "digest": entry.digest,
        "details": asdict(entry.details),
        "capabilities": entry.capabilities,
    }


def card_json(card: ModelCard) -> dict[str, Any]:
    return {
        "license": card.license,
        "modelfile": card.modelfile,
        "parameters": card.parameters,
        "template": card.template,
        "system": card.system,
        "messages": card.messages,
        "details": asdict(card.entry.details),
        "model_info": card.model_info,
        "projector_info": card.projector_info,
        "tensors": card.tensors,
        "capabilities": card.entry.capabilities,
        "modified_at": card.entry.modified_at.astimezone(),
    }


def resident_row(resident: dict[str, Any], now: datetime) -> tuple[str, ...]:
    """``resident`` is one object of ``/api/ps``; what comes from a server is not trusted to be clean text."""
    size, size_vram = int(resident.get("size") or 0), int(resident.get("size_vram") or 0)
    cells = (
        str(resident.get("name", "")),
        str(resident.get("digest", ""))[:_ID_LENGTH],
        human_bytes(size),
        processor(size, size_vram),
        str(resident.get("context_length") or 0),
        until(str(resident.get("expires_at", "")), now),
    )
    return tuple(printable(cell) for cell in cells)


def processor(size_bytes: int, size_vram_bytes: int) -> str:
    """Where a model's memory is (Ollama's cmd/cmd.go, ListRunningHandler)."""
    if size_vram_bytes == 0:
        return "100% CPU"
    if size_vram_bytes == size_bytes:
        return "100% GPU"
    if size_vram_bytes > size_bytes:
        return "Unknown"
    cpu = round((size_bytes - size_vram_bytes) / size_bytes * 100)
    return f"{cpu}%/{100 - cpu}% CPU/GPU"


def until(expires_at: str, now: datetime) -> str:
    """When a resident model leaves. A moment that has passed means that it is on its way out."""
    try:
        moment = datetime.fromisoformat(expires_at)
    except ValueError:
        return "Unknown"
    moment = moment if moment.tzinfo else moment.astimezone()
    return human_time(moment, now) if moment > now else "Stopping..."
