"""The parts of an existing model, which is pulled where it isn't here yet (Ollama's parseFromModel)."""

from __future__ import annotations

from dataclasses import dataclass, field

from models_app import selectors
from models_app.creation.parts import Part, facts_of, part_existing
from models_app.errors import InvalidCreate, ModelNotFound
from models_app.manifests import ADAPTER_TYPE, DRAFT_TYPE, MODEL_TYPE, PROJECTOR_TYPE, LayerRef, ManifestDocument
from models_app.model_config import ModelConfig, config_read
from models_app.naming import ModelName
from models_app.progress import OnProgress, Progress
from models_app.services.pull import Cancelled, model_pull
from models_app.store.blobs import StoredBlob

_GGUF_TYPES = frozenset({MODEL_TYPE, PROJECTOR_TYPE, ADAPTER_TYPE, DRAFT_TYPE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What a new model begins with. ``config`` gives what the request leaves open."""

    parts: list[Part]
    config: ModelConfig = field(default_factory=ModelConfig)


def base_of_model(source: str, *, on_progress: OnProgress, cancelled: Cancelled) -> Base:
    """Raises InvalidModelName, InvalidCreate, and whatever a pull can fail with."""
    name = ModelName.parse(source)
    if name.selector == "cloud":
        raise InvalidCreate("models that run elsewhere can't be built on")
    document = _manifest(source, on_progress, cancelled)
    return Base(
        parts=[_part(layer, name.short) for layer in document.layers], config=config_read(document.config.digest)
    )


def _manifest(source: str, on_progress: OnProgress, cancelled: Cancelled) -> ManifestDocument:
    try:
        return selectors.model_manifest(source)
    except ModelNotFound:
        model_pull(source=source, on_progress=_unfinished(on_progress), cancelled=cancelled, local_files=False)
        return selectors.model_manifest(source)


def _unfinished(on_progress: OnProgress) -> OnProgress:
    """The pull's own last word would end the create for a client that waits for it."""

    def pass_on(line: Progress) -> None:
        if line.status != "success":
            on_progress(line)

    return pass_on


def _part(layer: LayerRef, source: str) -> Part:
    facts = facts_of(layer.digest) if layer.media_type in _GGUF_TYPES else None
    stored = StoredBlob(digest=layer.digest, size_bytes=layer.size_bytes)
    return part_existing(stored, layer.media_type, source=source, facts=facts)
