"""The parts that files make: GGUF files as they are, safetensors converted (Ollama's convertModelFromFiles)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from models_app.creation.parts import Part, part_existing
from models_app.digests import Digest
from models_app.errors import BlobNotFound, InvalidCreate, InvalidGGUF
from models_app.gguf.blob import gguf_blob_open
from models_app.gguf.facts import gguf_facts
from models_app.gguf.file import GGUFFile
from models_app.layers import model_facts
from models_app.manifests import ADAPTER_TYPE, MODEL_TYPE, PROJECTOR_TYPE
from models_app.progress import OnProgress, Progress
from models_app.services.blobs import blob_keep
from models_app.store import blobs
from models_app.store.blobs import StoredBlob

_MAGIC = b"GGUF"


@dataclass(frozen=True, slots=True)
class File:
    """One file that a client names. ``path`` is relative and was checked."""

    path: str
    stored: StoredBlob


def files_find(files: Mapping[str, str]) -> list[File]:
    """The files by their paths, kept from the store's cleaning. Raises BlobNotFound, BlobDamaged, StoreBusy."""
    return [File(path, _found(Digest.parse(digest))) for path, digest in sorted(files.items())]


def files_kind(files: list[File]) -> str:
    """ "safetensors" or "gguf", told by the names, else by the bytes. Raises InvalidCreate."""
    if any(file.path.endswith(".safetensors") for file in files):
        return "safetensors"
    if any(file.path.endswith(".gguf") or is_gguf(file) for file in files):
        return "gguf"
    raise InvalidCreate("unknown type")


def gguf_parts(files: list[File], *, on_progress: OnProgress) -> list[Part]:
    """One part for each file, told apart by what it says of itself. Raises InvalidCreate."""
    parts = []
    for file in files:
        on_progress(Progress(status="parsing GGUF"))
        if not is_gguf(file):
            raise InvalidCreate("supplied file was not in GGUF format")
        parts.append(_part(file))
    return parts


def _part(file: File) -> Part:
    try:
        with gguf_blob_open(file.stored.digest) as opened:
            media_type = _media_type(opened)
            # What could not be served is no model, however sound its file is.
            facts = model_facts(file.stored.digest) if media_type == MODEL_TYPE else gguf_facts(opened)
            if media_type == ADAPTER_TYPE and opened.get("adapter.type") != "lora":
                raise InvalidGGUF("an adapter has to be a LoRA")
    except InvalidGGUF as error:
        raise InvalidCreate(f"{file.path[:200]}: {error}") from None
    return part_existing(file.stored, media_type, source=file.path, facts=facts)


def _media_type(file: GGUFFile) -> str:
    """Ollama's rule (isProjectorGGUF): a projector says so, or has a vision tower and no layers of its own."""
    kind, architecture = file.get("general.type"), file.get("general.architecture")
    if kind == "adapter":
        return ADAPTER_TYPE
    n_layers = file.get(f"{architecture}.block_count")
    sees = file.get(f"{architecture}.vision.block_count") or (
        architecture == "clip" and (file.get("clip.has_vision_encoder") or file.get("clip.has_audio_encoder"))
    )
    return PROJECTOR_TYPE if kind in ("projector", "mmproj") or (sees and not n_layers) else MODEL_TYPE


def _found(digest: Digest) -> StoredBlob:
    stored = blob_keep(digest=digest)
    if stored is None:
        raise BlobNotFound(digest)
    return stored


def is_gguf(file: File) -> bool:
    descriptor = blobs.blob_open(file.stored.digest)
    try:
        return os.pread(descriptor, len(_MAGIC), 0) == _MAGIC
    finally:
        os.close(descriptor)
