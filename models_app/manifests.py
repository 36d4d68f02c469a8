"""Manifests (OCI's v2 schema, Ollama's media types): read within strict bounds, and written as Ollama writes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from models_app.digests import Digest
from models_app.errors import InvalidDigest, InvalidManifest

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
_OLLAMA = "application/vnd.ollama.image."
MODEL_TYPE = f"{_OLLAMA}model"
PROJECTOR_TYPE = f"{_OLLAMA}projector"
ADAPTER_TYPE = f"{_OLLAMA}adapter"
DRAFT_TYPE = f"{_OLLAMA}draft"
TEMPLATE_TYPE = f"{_OLLAMA}template"
PROMPT_TYPE = f"{_OLLAMA}prompt"
SYSTEM_TYPE = f"{_OLLAMA}system"
PARAMS_TYPE = f"{_OLLAMA}params"
MESSAGES_TYPE = f"{_OLLAMA}messages"
LICENSE_TYPE = f"{_OLLAMA}license"

MAX_MANIFEST_BYTES = 4 << 20
MAX_LAYERS = 10_000
_MAX_SIZE = 1 << 63


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRef:
    """A manifest's word on one blob. ``source`` is its ``from``: the model a layer was taken over from."""

    media_type: str
    digest: Digest
    size_bytes: int
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestDocument:
    """A manifest and the very bytes it came as: their digest is the manifest's."""

    raw: bytes
    config: LayerRef
    layers: tuple[LayerRef, ...]

    @property
    def digest(self) -> Digest:
        return Digest.of(self.raw)

    @property
    def size_bytes(self) -> int:
        return sum(blob.size_bytes for blob in self.blobs)

    @property
    def blobs(self) -> tuple[LayerRef, ...]:
        """The config first, then the layers: the positions of the rows."""
        return (self.config, *self.layers)

    def of_type(self, *media_types: str) -> list[LayerRef]:
        return [layer for layer in self.layers if layer.media_type in media_types]


def manifest_parse(raw: bytes) -> ManifestDocument:
    """Raises InvalidManifest or InvalidDigest for whatever a rogue registry may send."""
    if len(raw) > MAX_MANIFEST_BYTES:
        raise InvalidManifest(f"it is longer than {MAX_MANIFEST_BYTES} bytes")
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidManifest("it is not JSON") from None
    if not isinstance(document, dict) or document.get("schemaVersion") != 2:
        raise InvalidManifest("schemaVersion is not 2")
    layers = document.get("layers")
    if not isinstance(layers, list) or not layers or len(layers) > MAX_LAYERS:
        raise InvalidManifest(f"layers is not a list of 1 to {MAX_LAYERS}")
    return ManifestDocument(raw=raw, config=_layer(document.get("config")), layers=tuple(map(_layer, layers)))


def manifest_build(*, config: LayerRef, layers: tuple[LayerRef, ...]) -> ManifestDocument:
    """The bytes that Ollama would write for these blobs (manifest/manifest.go, WriteManifest)."""
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _layer_json(config),
        "layers": [_layer_json(layer) for layer in layers],
    }
    return ManifestDocument(raw=go_json(document), config=config, layers=layers)


def config_json(*, family: str, parameter_size: str, quantization: str, families: tuple[str, ...] = ()) -> bytes:
    """The config blob of a GGUF model (types/model/config.go, ConfigV2), fields in Ollama's order."""
    return go_json(
        {
            "model_format": "gguf",
            "model_family": family,
            "model_families": list(families or (family,)),
            "model_type": parameter_size,
            "file_type": quantization,
            "architecture": "amd64",
            "os": "linux",
        }
    )


def go_json(value: Any) -> bytes:
    """Compact JSON as Go's encoder writes it: HTML's characters escaped, and a line feed at the end."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode() + b"\n"


def _layer(value: Any) -> LayerRef:
    if not isinstance(value, dict):
        raise InvalidManifest("a layer is not an object")
    media_type, size, source = value.get("mediaType"), value.get("size"), value.get("from") or ""
    if type(size) is not int or not 0 <= size < _MAX_SIZE:
        raise InvalidManifest("a layer's size is not a number of bytes")
    if not isinstance(media_type, str) or not 0 < len(media_type) <= 255 or not isinstance(source, str):
        raise InvalidManifest("a layer's mediaType is not a media type")
    try:
        digest = Digest.parse(value.get("digest"))
    except InvalidDigest:
        raise InvalidManifest("invalid digest format") from None
    return LayerRef(media_type=media_type, digest=digest, size_bytes=size, source=source[:600])


def _layer_json(layer: LayerRef) -> dict[str, Any]:
    known = {"mediaType": layer.media_type, "digest": str(layer.digest), "size": layer.size_bytes}
    return known | ({"from": layer.source} if layer.source else {})
