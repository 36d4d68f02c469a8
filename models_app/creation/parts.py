"""A layer of the model in the making, with what its file says where it is a GGUF."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from models_app.digests import Digest
from models_app.errors import TransferCancelled
from models_app.gguf.blob import gguf_blob_open
from models_app.gguf.facts import GGUFFacts, gguf_facts
from models_app.manifests import LayerRef
from models_app.progress import OnProgress, Progress
from models_app.store import blobs
from models_app.store.blobs import StoredBlob
from models_app.store.workfiles import blob_adopt

_TELL_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """``status`` is the line that tells of it. ``facts`` is None for texts."""

    ref: LayerRef
    status: str
    facts: GGUFFacts | None = None


def part_existing(stored: StoredBlob, media_type: str, *, source: str, facts: GGUFFacts | None = None) -> Part:
    """A blob that was there before. ``source`` is the model or the file it comes from."""
    ref = LayerRef(media_type=media_type, digest=stored.digest, size_bytes=stored.size_bytes, source=source)
    return Part(ref=ref, status=f"using existing layer {stored.digest}", facts=facts)


def part_text(data: bytes, media_type: str) -> Part:
    """Stores a small layer, or finds it there."""
    known = blobs.blob_size(Digest.of(data)) is not None
    return part_new(blobs.blob_write(data), media_type, known=known)


def part_new(stored: StoredBlob, media_type: str, *, known: bool = False, facts: GGUFFacts | None = None) -> Part:
    ref = LayerRef(media_type=media_type, digest=stored.digest, size_bytes=stored.size_bytes)
    return Part(ref=ref, status=f"{'using existing' if known else 'creating new'} layer {stored.digest}", facts=facts)


def facts_of(digest: Digest) -> GGUFFacts:
    """Raises BlobNotFound, BlobDamaged, InvalidGGUF."""
    with gguf_blob_open(digest) as file:
        return gguf_facts(file)


def without(parts: Iterable[Part], media_type: str) -> list[Part]:
    return [part for part in parts if part.ref.media_type != media_type]


def of_type(parts: Iterable[Part], media_type: str) -> list[Part]:
    return [part for part in parts if part.ref.media_type == media_type]


def renamed(part: Part, media_type: str) -> Part:
    return replace(part, ref=replace(part.ref, media_type=media_type))


def blob_verified(path: Path, *, on_progress: OnProgress, cancelled: Callable[[], bool]) -> tuple[StoredBlob, bool]:
    """``blob_adopt`` of what a child process has written, told of once a second. Raises TransferCancelled."""
    told_at = 0.0

    def tell() -> None:
        nonlocal told_at
        if cancelled():
            raise TransferCancelled
        if time.monotonic() - told_at >= _TELL_SECONDS:
            told_at = time.monotonic()
            on_progress(Progress(status="verifying conversion"))

    return blob_adopt(path, on_chunk=tell)
