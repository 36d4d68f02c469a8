"""GGUF metadata of blobs in the store."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from models_app.digests import Digest
from models_app.gguf.file import GGUFFile, gguf_open
from models_app.store import blobs


@contextlib.contextmanager
def gguf_blob_open(digest: Digest) -> Iterator[GGUFFile]:
    """Raises BlobNotFound, BlobDamaged, InvalidGGUF."""
    descriptor = blobs.blob_open(digest)
    try:
        with gguf_open(descriptor) as file:
            yield file
    finally:
        os.close(descriptor)
