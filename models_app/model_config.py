"""The config blob of a manifest: Ollama's ConfigV2 (types/model/config.go), read leniently, written as Go does."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from models_app.digests import Digest
from models_app.errors import InvalidManifest
from models_app.manifests import go_json
from models_app.store import blobs

MAX_CONFIG_BYTES = 1 << 20
_ALWAYS_WRITTEN = frozenset({"model_format", "model_family", "model_families", "model_type", "file_type"})


class ModelConfig(Struct, frozen=True, kw_only=True):
    """Fields in Ollama's order. ``model_type`` is shown as the parameter size, ``file_type`` as the quantization."""

    model_format: str | None = ""
    model_family: str | None = ""
    model_families: tuple[str, ...] | None = ()
    model_type: str | None = ""
    file_type: str | None = ""
    renderer: str | None = ""
    parser: str | None = ""
    requires: str | None = ""
    remote_host: str | None = ""
    remote_model: str | None = ""
    capabilities: tuple[str, ...] | None = ()
    context_length: int | None = 0
    embedding_length: int | None = 0
    base_name: str | None = ""
    draft: dict[str, Any] | None = None
    architecture: str | None = "amd64"
    os: str | None = "linux"

    def to_json(self) -> bytes:
        """What is empty is left out, but for the fields that Ollama always writes."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        always = _ALWAYS_WRITTEN | {"architecture", "os"}
        return go_json({name: value for name, value in fields.items() if value or name in always})


def config_parse(data: bytes) -> ModelConfig:
    """Raises InvalidManifest. Unknown fields are ignored, as Go's decoder does."""
    try:
        return msgspec.json.decode(data, type=ModelConfig)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidManifest("the config is not the JSON it has to be") from None


def config_read(digest: Digest) -> ModelConfig:
    """Raises BlobNotFound, BlobDamaged, InvalidManifest."""
    return config_parse(blobs.blob_read(digest, max_bytes=MAX_CONFIG_BYTES))
