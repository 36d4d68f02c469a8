"""What a manifest's blobs say together, read before the rows are written: nothing unsound gets a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from inference.chat.choice import template_capabilities
from models_app.digests import Digest
from models_app.errors import InvalidGGUF, InvalidManifest
from models_app.gguf.blob import gguf_blob_open
from models_app.gguf.facts import GGUFFacts, gguf_facts
from models_app.manifests import (
    ADAPTER_TYPE,
    LICENSE_TYPE,
    MESSAGES_TYPE,
    MODEL_TYPE,
    PARAMS_TYPE,
    PROJECTOR_TYPE,
    PROMPT_TYPE,
    SYSTEM_TYPE,
    TEMPLATE_TYPE,
    LayerRef,
    ManifestDocument,
)
from models_app.model_config import ModelConfig, config_read
from models_app.store import blobs

MAX_TEXT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerContents:
    """The model layer's facts and the small layers' contents. ``licence`` joins several texts by line feeds.

    ``projector`` turns images or sound into embeddings; ``adapters`` are LoRA files, in the manifest's order.
    """

    model: LayerRef
    projector: LayerRef | None = None
    adapters: tuple[LayerRef, ...] = ()
    facts: GGUFFacts
    config: ModelConfig
    capabilities: tuple[str, ...]
    licence: str = ""
    template: str = ""
    system: str = ""
    parameters: dict[str, Any]
    messages: list[dict[str, Any]]


def layers_read(document: ManifestDocument) -> LayerContents:
    """Opens every layer whose meaning we know. Raises InvalidManifest, InvalidGGUF, BlobNotFound, BlobDamaged."""
    models = document.of_type(MODEL_TYPE)
    if len(models) != 1:
        raise InvalidManifest(f"{len(models)} model layers, 1 is supported")
    facts = model_facts(models[0].digest)
    config = config_read(document.config.digest)
    projector = _projector(document)
    template = _text(document, TEMPLATE_TYPE, PROMPT_TYPE)
    added = template_capabilities(chat_template=facts.chat_template, template=template)
    words = [*(config.capabilities or ()), *facts.capabilities, *added, *_projector_words(projector)]
    return LayerContents(
        model=models[0],
        projector=projector,
        adapters=_adapters(document),
        facts=facts,
        config=config,
        capabilities=tuple(dict.fromkeys(words)),
        licence=_text(document, LICENSE_TYPE) or facts.licence,
        template=template,
        system=_text(document, SYSTEM_TYPE),
        parameters=_json(document, PARAMS_TYPE, dict[str, Any], {}),
        messages=_json(document, MESSAGES_TYPE, list[dict[str, Any]], []),
    )


def model_facts(digest: Digest) -> GGUFFacts:
    """What the model's file says. Raises InvalidGGUF for what can't be served on its own as well."""
    with gguf_blob_open(digest) as file:
        facts = gguf_facts(file)
        n_tensors = len(file.tensors)
    if facts.kind == "adapter" or facts.architecture == "clip":
        raise InvalidGGUF("it holds an adapter or a projector, which can't be served without a model")
    if facts.n_splits > 1:
        raise InvalidGGUF(f"it is one of {facts.n_splits} parts, and split models are not supported yet")
    if not n_tensors:
        raise InvalidGGUF("it has no weights")
    return facts


def _projector(document: ManifestDocument) -> LayerRef | None:
    """Ollama passes on the first projector only, as llama.cpp takes one (llm/llama_server.go)."""
    return next(iter(document.of_type(PROJECTOR_TYPE)), None)


def _projector_words(projector: LayerRef | None) -> list[str]:
    """Whatever it says of itself, a projector is for images (server/images.go, projectorCapabilities)."""
    if projector is None:
        return []
    with gguf_blob_open(projector.digest) as file:
        return ["vision", *(["audio"] if file.get("clip.has_audio_encoder") else [])]


def _adapters(document: ManifestDocument) -> tuple[LayerRef, ...]:
    adapters = tuple(document.of_type(ADAPTER_TYPE))
    for adapter in adapters:
        with gguf_blob_open(adapter.digest) as file:
            if file.get("general.type") != "adapter" or file.get("adapter.type") != "lora":
                raise InvalidGGUF("an adapter has to be a LoRA")
    return adapters


def _text(document: ManifestDocument, *media_types: str) -> str:
    texts = [blobs.blob_read(layer.digest, max_bytes=MAX_TEXT_BYTES) for layer in document.of_type(*media_types)]
    return "\n".join(text.decode("utf-8", "replace").replace("\0", "") for text in texts)


def _json(document: ManifestDocument, media_type: str, kind: Any, default: Any) -> Any:
    for layer in document.of_type(media_type)[:1]:
        data = blobs.blob_read(layer.digest, max_bytes=MAX_TEXT_BYTES)
        try:
            return msgspec.json.decode(data, type=kind)
        except (msgspec.DecodeError, RecursionError):
            raise InvalidManifest(f"the layer {media_type} is not the JSON it has to be") from None
    return default
