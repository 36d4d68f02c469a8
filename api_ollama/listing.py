"""The catalog and the pool in the shapes of Ollama's ListModelResponse, ProcessModelResponse and ShowResponse."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from api_ollama.times import FOREVER, local_time
from inference import Resident
from models_app.entries import ModelCard, ModelDetails, ModelEntry


@lru_cache(maxsize=4096)
def listed_json(entry: ModelEntry) -> orjson.Fragment:
    """``listed_model`` ready to be put into an answer: the same few entries are asked for again and again."""
    return orjson.Fragment(orjson.dumps(listed_model(entry)))


def listed_model(entry: ModelEntry) -> dict[str, Any]:
    """``digest`` is bare hex: the CLI prints its first twelve digits."""
    name = entry.name.short
    listed = {
        "name": name,
        "model": name,
        "modified_at": local_time(entry.modified_at),
        "size": entry.size_bytes,
        "digest": entry.digest,
        "details": details(entry.details),
    }
    return listed | ({"capabilities": entry.capabilities} if entry.capabilities else {})


def loaded_model(resident: Resident, entry: ModelEntry | None) -> dict[str, Any]:
    """``entry`` is None when the name went while its streams ran on."""
    expires_at = resident.expires_at or datetime.now(UTC) + FOREVER
    return {
        "name": resident.name,
        "model": resident.name,
        "size": resident.size_bytes,
        "digest": resident.spec.digest,
        "details": details(entry.details if entry else ModelDetails()),
        "expires_at": local_time(expires_at),
        "size_vram": resident.size_vram_bytes,
        "context_length": resident.n_ctx,
    }


def shown_model(card: ModelCard, *, system: str = "") -> dict[str, Any]:
    """``model_info`` is an object even when empty; the texts, and messages, are left out when there are none."""
    texts = {
        "license": card.license,
        "modelfile": card.modelfile,
        "parameters": card.parameters,
        "template": card.template,
        "system": system or card.system,
    }
    shown: dict[str, Any] = {name: text for name, text in texts.items() if text}
    shown["details"] = details(card.entry.details)
    if card.messages:
        shown["messages"] = card.messages
    shown["model_info"] = card.model_info
    if card.projector_info:
        shown["projector_info"] = card.projector_info
    if card.tensors:
        shown["tensors"] = card.tensors
    shown["capabilities"] = card.entry.capabilities
    shown["modified_at"] = local_time(card.entry.modified_at)
    return shown


def details(of: ModelDetails) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "parent_model": of.parent_model,
        "format": of.format,
        "family": of.family,
        "families": of.families or None,
        "parameter_size": of.parameter_size,
        "quantization_level": of.quantization_level,
    }
    lengths = {"context_length": of.context_length, "embedding_length": of.embedding_length}
    return shown | {name: length for name, length in lengths.items() if length}
