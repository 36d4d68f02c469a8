"""Blobs that clients look for, bring and take away by their digest, before any model needs them.

An uploaded blob has no row: rows say who needs one (commit.py). Until a model does, its file's time keeps it from
``store_clean``, as it keeps the blobs of a pull, and whoever finds it there has that time renewed: a ``create`` that
follows within the grace finds it still.
"""

from __future__ import annotations

import contextlib
import os
import threading

from models_app.digests import Digest
from models_app.errors import BlobInUse, BlobNotFound, DigestMismatch, TransferCancelled, UploadMismatch
from models_app.models import Blob, Layer, Tag
from models_app.store import blobs
from models_app.store.blobs import BlobWriter, StoredBlob


def blob_keep(*, digest: Digest) -> StoredBlob | None:
    """The blob, safe from ``store_clean`` for the grace from now on; None where it isn't there. Sync, any thread.

    Raises BlobDamaged, StoreBusy.
    """
    if blobs.blob_size(digest) is None:
        return None
    with blobs.store_lock():
        return _kept(digest)


def blob_delete(*, digest: Digest) -> int:
    """Removes a blob that no manifest needs; the bytes that came free. Raises BlobNotFound, BlobInUse, StoreBusy."""
    with blobs.store_lock():
        if Layer.objects.filter(blob_id=str(digest)).exists():
            raise BlobInUse(digest, _users(digest))
        if not os.path.lexists(blobs.blob_path(digest)):
            raise BlobNotFound(digest)
        Blob.objects.filter(digest=str(digest)).delete()
        return blobs.blob_unlink(digest)


class BlobUpload:
    """One upload: ``open``, ``write`` its pieces, ``commit``, and ``close`` in every case. Sync, any thread.

    Each call waits for the one before it, so that ``close`` is safe while a cancelled ``write`` still runs. The
    constructor touches nothing.
    """

    def __init__(self, *, digest: Digest, size_bytes: int | None) -> None:
        self._digest = digest
        self._size_bytes = size_bytes
        self._writer: BlobWriter | None = None
        self._closed = False
        self._lock = threading.Lock()

    def open(self) -> None:
        """Raises NotEnoughSpace, before a byte was sent, where the announced size doesn't fit."""
        with self._lock:
            blobs.require_space(self._size_bytes or 0)
            if not self._closed:
                self._writer = BlobWriter()

    def write(self, data: bytes) -> None:
        """Raises NotEnoughSpace: others write too, and not every upload says how long it is."""
        with self._lock:
            blobs.require_space(len(data))
            self._open_writer().write(data)

    def commit(self) -> bool:
        """Whether the blob is new; one that came meanwhile stays as it is. Raises UploadMismatch, StoreBusy."""
        with self._lock:
            writer = self._open_writer()
            try:
                sealed = writer.seal(self._digest)
            except DigestMismatch as mismatch:
                raise UploadMismatch(want=mismatch.want, got=mismatch.got) from None
            with blobs.store_lock():
                if _kept(self._digest) is not None:
                    return False
                writer.publish(sealed)
                return True

    def close(self) -> None:
        """Leaves nothing of an upload that wasn't committed. Idempotent."""
        with self._lock:
            self._closed = True
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    def _open_writer(self) -> BlobWriter:
        if self._writer is None:
            raise TransferCancelled
        return self._writer


def _kept(digest: Digest) -> StoredBlob | None:
    """Needs the store lock."""
    size_bytes = blobs.blob_size(digest)
    if size_bytes is None:
        return None
    # Another user's file in an adopted store can't be touched: its own time counts.
    with contextlib.suppress(PermissionError):
        os.utime(blobs.blob_path(digest), follow_symlinks=False)
    return StoredBlob(digest=digest, size_bytes=size_bytes)


def _users(digest: Digest) -> list[str]:
    tags = Tag.objects.filter(manifest__layers__blob_id=str(digest)).distinct().order_by("key")
    return [tag.name.short for tag in tags]
