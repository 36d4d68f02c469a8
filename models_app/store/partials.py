"""The bytes of a transfer that isn't over. They outlive the process, and no name of theirs can be taken for a blob's.

``partial-<key>`` holds bytes, ``partial-<key>.json`` says how many of them are synced to the disk and what they belong
to. Only what was synced is trusted when a transfer goes on: after a power cut the rest may be zeros.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from models_app.digests import Digest
from models_app.errors import DigestMismatch, InvalidDigest
from models_app.store import blobs
from models_app.store.blobs import StoredBlob

PREFIX = "partial-"
SYNC_BYTES = 16 << 20
_CHUNK_BYTES = 1 << 20


class PartialState(msgspec.Struct, frozen=True, kw_only=True):
    """``offset`` bytes are on the disk. ``digest`` is set once the whole was published under it, at ``finished_at``."""

    offset: int = 0
    total: int | None = None
    validator: str = ""
    digest: str = ""
    finished_at: float = 0.0


class Partial:
    """One transfer's bytes; a context manager that saves where it stands. Whoever opens it holds its lock."""

    def __init__(self, key: Digest) -> None:
        self._path = partial_path(key)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = open(os.open(self._path, flags, 0o600), "r+b", buffering=0)  # noqa: SIM115 - closed by __exit__
        state = read_state(key)
        self.offset = min(state.offset, os.fstat(self._file.fileno()).st_size)
        self.total = state.total
        self.validator = state.validator
        self._file.truncate(self.offset)
        self._hash = self._hash_again()
        self._synced = self.offset

    @property
    def is_whole(self) -> bool:
        """Whether a killed process had got all the bytes, and only what comes after them is left to do."""
        return self.offset > 0 and self.offset == self.total

    def begin(self, *, total: int | None, validator: str) -> None:
        self.total, self.validator = total, validator
        self._save()

    def write(self, data: bytes) -> None:
        """Raises NotEnoughSpace."""
        with blobs.disk_full_named(len(data)):
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
        self._hash.update(data)
        self.offset += len(data)
        if self.offset - self._synced >= SYNC_BYTES:
            self._save()

    def restart(self) -> None:
        """Forgets every byte: the source has other ones now."""
        self._file.seek(0)
        self._file.truncate(0)
        self._hash = hashlib.sha256()
        self.offset, self.validator, self.total = 0, "", None
        self._save()

    def publish(self, *, expected: Digest | None, origin: str) -> StoredBlob:
        """Makes a blob of it. Raises DigestMismatch, and then nothing is kept."""
        digest = Digest(self._hash.hexdigest())
        if expected is not None and digest != expected:
            self.discard()
            raise DigestMismatch(want=expected, got=digest, origin=origin)
        with blobs.disk_full_named(0):
            os.fsync(self._file.fileno())
        blobs.publish(self._path, digest)
        state = PartialState(total=self.offset, digest=str(digest), finished_at=time.time())
        _write_state(self._path, state)
        return StoredBlob(digest=digest, size_bytes=self.offset)

    def discard(self) -> None:
        self._path.unlink(missing_ok=True)
        _state_path(self._path).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if os.fstat(self._file.fileno()).st_nlink and self._path.exists():
                self._save()
        finally:
            self._file.close()

    def _save(self) -> None:
        with blobs.disk_full_named(0):
            os.fsync(self._file.fileno())
            _write_state(self._path, PartialState(offset=self.offset, total=self.total, validator=self.validator))
        self._synced = self.offset

    def _hash_again(self) -> hashlib._Hash:
        running = hashlib.sha256()
        while data := self._file.read(_CHUNK_BYTES):
            running.update(data)
        return running


def partial_path(key: Digest) -> Path:
    return blobs.blobs_dir() / f"{PREFIX}{key.hex}"


def lock_path(key: Digest) -> Path:
    return partial_path(key).with_suffix(".lock")


def read_state(key: Digest) -> PartialState:
    """What is known of a transfer; an empty state where nothing is, or where it can't be read."""
    try:
        state = msgspec.json.decode(_state_path(partial_path(key)).read_bytes(), type=PartialState)
    except (FileNotFoundError, msgspec.DecodeError, msgspec.ValidationError):
        return PartialState()
    return state if state.offset >= 0 else PartialState()


def finished_since(key: Digest, since: float) -> StoredBlob | None:
    """The blob that another process made of this transfer after ``since`` (``time.time()``), if it is still there."""
    state = read_state(key)
    if state.finished_at < since:
        return None
    try:
        digest = Digest.parse(state.digest)
    except InvalidDigest:
        return None
    size_bytes = blobs.blob_size(digest)
    return None if size_bytes is None else StoredBlob(digest=digest, size_bytes=size_bytes)


def _state_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _write_state(path: Path, state: PartialState) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(msgspec.json.encode(state))
    new.replace(_state_path(path))
