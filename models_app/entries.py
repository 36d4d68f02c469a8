"""What the selectors return: frozen values that outlive the query, shaped as the wires need them (wire.md 2.7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from inference.request import Message
from inference.spec import ModelSpec
from models_app.naming import ModelName


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDetails:
    """Ollama's ModelDetails (api/types.go). Lengths in tokens and numbers; 0 when the file doesn't say."""

    parent_model: str = ""
    format: str = "gguf"
    family: str = ""
    families: tuple[str, ...] = ()
    parameter_size: str = ""
    quantization_level: str = ""
    context_length: int = 0
    embedding_length: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """One line of a listing. ``digest`` is the bare hex of the manifest's bytes; ``modified_at`` is aware, in UTC."""

    name: ModelName
    digest: str
    size_bytes: int
    modified_at: datetime
    details: ModelDetails
    capabilities: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What ``show`` tells. ``tensors`` are ``{"name", "type", "shape"}``, ``messages`` ``{"role", "content"}``."""

    entry: ModelEntry
    license: str
    modelfile: str
    parameters: str
    template: str
    system: str
    messages: list[dict[str, Any]]
    model_info: dict[str, Any]
    projector_info: dict[str, Any] = field(default_factory=dict)
    tensors: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """What inference needs of a model. ``template`` is Ollama's Go template where the manifest has one that is
    used, else None; ``chat_template`` the file's own, in Jinja, and empty where it has none."""

    name: ModelName
    spec: ModelSpec
    capabilities: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    system: str = ""
    messages: tuple[Message, ...] = ()
    template: str | None = None
    chat_template: str = ""
    architecture: str = ""
