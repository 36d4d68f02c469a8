"""Files that other programs write into the store: a name to write to, and the way from there to a blob."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from models_app.digests import Digest
from models_app.store import blobs
from models_app.store.blobs import CHUNK_BYTES, TEMP_PREFIX, StoredBlob


@contextlib.contextmanager
def work_file() -> Iterator[Path]:
    """A name in the store's directory that nobody has; whatever is there in the end is removed."""
    path = blobs.blobs_dir() / f"{TEMP_PREFIX}{secrets.token_hex(16)}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def work_links(digests: Sequence[Digest], suffix: Callable[[int], str]) -> Iterator[list[Path]]:
    """The blobs under second names that are alike but for ``suffix(index)``, as long as the block lasts.

    In the store's own directory: what a crash leaves goes with its next cleaning.
    """
    stem = blobs.blobs_dir() / f"{TEMP_PREFIX}{secrets.token_hex(16)}"
    paths = [stem.with_name(stem.name + suffix(index)) for index in range(len(digests))]
    try:
        for digest, path in zip(digests, paths, strict=True):
            os.link(blobs.blob_path(digest), path)
        yield paths
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


def blob_adopt(path: Path, *, on_chunk: Callable[[], None] = lambda: None) -> tuple[StoredBlob, bool]:
    """The file as a blob, and whether it was known before. Reads it once; nobody may write to it any more.

    ``on_chunk`` is called while it is read, and may raise to end it.
    """
    with path.open("rb") as file:
        sha256 = hashlib.sha256()
        while chunk := file.read(CHUNK_BYTES):
            sha256.update(chunk)
            on_chunk()
        digest = Digest(sha256.hexdigest())
        size_bytes = os.fstat(file.fileno()).st_size
        known = blobs.blob_size(digest) == size_bytes
        if not known:
            with blobs.disk_full_named(0):
                os.fsync(file.fileno())
            blobs.publish(path, digest)
    return StoredBlob(digest=digest, size_bytes=size_bytes), known
