"""The blob store: files named by the SHA-256 of their bytes, whole and verified from the moment they are visible.

A blob is written under another name in the same directory, hashed while it is written, checked, synced, made read-only
and renamed; it goes only by unlink. Nothing here knows of the database: who needs a blob is the services' to say.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from models_app.digests import Digest
from models_app.errors import BlobDamaged, BlobNotFound, DigestMismatch, NotEnoughSpace
from models_app.store.lock import file_lock, patience
from power_site.conf import config

CHUNK_BYTES = 1 << 20
TEMP_PREFIX = "temp-"
_LOCK_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBlob:
    digest: Digest
    size_bytes: int


def blobs_dir() -> Path:
    """The store's directory, made when it isn't there."""
    path = config().models_dir / "blobs"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def blob_path(digest: Digest) -> Path:
    """Where the blob is or would be. The only way from a digest to a path."""
    return config().models_dir / "blobs" / digest.filename


@contextlib.contextmanager
def store_lock() -> Iterator[None]:
    """What a commit of rows and a deletion exclude each other with. Raises StoreBusy after a minute."""
    with file_lock(blobs_dir().parent / ".lock", wait=patience(_LOCK_SECONDS)):
        yield


def blob_size(digest: Digest) -> int | None:
    """The size in bytes, or None where there is no such file. Raises BlobDamaged for anything but a regular file."""
    try:
        status = os.lstat(blob_path(digest))
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise BlobDamaged(digest, "it is not a regular file")
    return status.st_size


def blob_open(digest: Digest) -> int:
    """A descriptor to read from, the caller's to close. No symlink is followed. Raises BlobNotFound, BlobDamaged."""
    try:
        descriptor = os.open(blob_path(digest), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise BlobNotFound(digest) from None
    except OSError as error:
        raise BlobDamaged(digest, os.strerror(error.errno or 0)) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BlobDamaged(digest, "it is not a regular file")
    return descriptor


def blob_read(digest: Digest, *, max_bytes: int) -> bytes:
    """A small blob's bytes. Raises BlobNotFound, BlobDamaged (also when longer than ``max_bytes``)."""
    with open(blob_open(digest), "rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise BlobDamaged(digest, f"it is longer than {max_bytes} bytes")
    return data


def blob_verify(digest: Digest) -> int:
    """Hashes the file again; its size in bytes. Raises BlobNotFound, BlobDamaged."""
    with open(blob_open(digest), "rb") as file:
        got = hashlib.file_digest(file, "sha256").hexdigest()
        if got != digest.hex:
            raise BlobDamaged(digest, "its bytes have another digest")
        return os.fstat(file.fileno()).st_size


def blob_unlink(digest: Digest) -> int:
    """Removes the file; how many bytes that gave back. A missing file is none. Hold the store lock."""
    path = blob_path(digest)
    try:
        size_bytes = os.lstat(path).st_size
        path.unlink()
    except FileNotFoundError:
        return 0
    sync_directory(path.parent)
    return size_bytes


def require_space(n_bytes: int) -> None:
    """Raises NotEnoughSpace unless ``n_bytes`` fit and leave ``min_free_bytes`` free: the database lives there too."""
    required = n_bytes + config().min_free_bytes
    if required > (available := _available_bytes()):
        raise NotEnoughSpace(required_bytes=required, available_bytes=available)


def publish(path: Path, digest: Digest) -> None:
    """Gives a verified and synced file of the store its blob's name. One that is there already has the same bytes."""
    path.chmod(0o444)
    path.rename(blob_path(digest))
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class BlobWriter:
    """Writes one blob: a context manager that leaves nothing unless ``commit`` was called. One thread at a time."""

    def __init__(self) -> None:
        self._path = blobs_dir() / f"{TEMP_PREFIX}{secrets.token_hex(16)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file = open(os.open(self._path, flags, 0o600), "wb", buffering=0)  # noqa: SIM115 - closed by __exit__
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def write(self, data: bytes) -> None:
        """Raises NotEnoughSpace when the disk is full."""
        with disk_full_named(len(data)):
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
        self._hash.update(data)
        self.size_bytes += len(data)

    def seal(self, expected: Digest | None = None) -> StoredBlob:
        """Everything before the blob is visible: its digest checked, its bytes synced. Raises DigestMismatch."""
        digest = Digest(self._hash.hexdigest())
        if expected is not None and digest != expected:
            raise DigestMismatch(want=expected, got=digest)
        with disk_full_named(0):
            os.fsync(self._file.fileno())
        return StoredBlob(digest=digest, size_bytes=self.size_bytes)

    def publish(self, sealed: StoredBlob) -> None:
        """Makes what ``seal`` gave visible."""
        publish(self._path, sealed.digest)

    def commit(self, expected: Digest | None = None) -> StoredBlob:
        """Makes the blob visible. Raises DigestMismatch, and then nothing is kept."""
        sealed = self.seal(expected)
        self.publish(sealed)
        return sealed

    def close(self) -> None:
        """Removes what was not published. Again is no harm."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def blob_write(data: bytes) -> StoredBlob:
    """Stores a small blob, or finds it there."""
    digest = Digest.of(data)
    if blob_size(digest) == len(data):
        return StoredBlob(digest=digest, size_bytes=len(data))
    with BlobWriter() as writer:
        writer.write(data)
        return writer.commit(digest)


@contextlib.contextmanager
def disk_full_named(n_bytes: int) -> Iterator[None]:
    """ENOSPC and a spent quota as NotEnoughSpace."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise NotEnoughSpace(required_bytes=n_bytes, available_bytes=_available_bytes()) from error


def _available_bytes() -> int:
    status = os.statvfs(blobs_dir())
    return status.f_bavail * status.f_frsize
