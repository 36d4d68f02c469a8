"""A file of this machine becomes a blob, as ``HEAD`` and ``POST /api/blobs`` make one for a client elsewhere."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from models_app.digests import Digest
from models_app.errors import DigestMismatch, InvalidSource, TransferCancelled
from models_app.progress import OnProgress, Progress
from models_app.services.blobs import blob_keep
from models_app.services.pull import Cancelled
from models_app.store import blobs
from models_app.store.blobs import CHUNK_BYTES, BlobWriter


def file_store(path: Path, on_progress: OnProgress, cancelled: Cancelled) -> str:
    """The digest of the file, whose bytes are in the store then. One that is there already is only read.

    Raises InvalidSource for what is no regular file or changes meanwhile, NotEnoughSpace, TransferCancelled.
    """
    digest = Digest(_hash(path, cancelled))
    if blob_keep(digest=digest) is None:
        _copy(path, digest, on_progress, cancelled)
    return str(digest)


def _hash(path: Path, cancelled: Cancelled) -> str:
    sha256 = hashlib.sha256()
    with _opened(path) as descriptor:
        for chunk in _chunks(descriptor, cancelled):
            sha256.update(chunk)
    return sha256.hexdigest()


def _copy(path: Path, digest: Digest, on_progress: OnProgress, cancelled: Cancelled) -> None:
    with _opened(path) as descriptor, BlobWriter() as writer:
        total = os.fstat(descriptor).st_size
        blobs.require_space(total)
        for chunk in _chunks(descriptor, cancelled):
            writer.write(chunk)
            completed = min(writer.size_bytes, total)
            line = Progress(status=f"copying file {digest}", digest=str(digest), total=total, completed=completed)
            on_progress(line)
        try:
            writer.commit(digest)
        except DigestMismatch:
            raise InvalidSource(f"{path.name}: the file changed while it was read") from None


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        # O_NONBLOCK: opening a FIFO would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise InvalidSource(f"{path.name}: {os.strerror(error.errno or 0)}") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InvalidSource(f"{path.name}: not a regular file")
        yield descriptor
    finally:
        os.close(descriptor)


def _chunks(descriptor: int, cancelled: Cancelled) -> Iterator[bytes]:
    while chunk := os.read(descriptor, CHUNK_BYTES):
        if cancelled():
            raise TransferCancelled
        yield chunk
