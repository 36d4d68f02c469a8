"""A blob of somebody else's store taken over by a hard link: the same bytes on the disk, under both stores' names.

The other store's files are not written to, nor are their modes and times: both names lead to one inode. A deletion
here takes away our name only. Where no link can be made (another file system, a file of another user), the bytes are
copied.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from models_app.digests import Digest
from models_app.errors import DigestMismatch, InvalidSource
from models_app.store import blobs
from models_app.store.blobs import BlobWriter

How = Literal["present", "linked", "copied"]
Report = Callable[[int], None]

# Another file system; not our file (fs.protected_hardlinks); no links here; too many of them.
_NO_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK})


def blob_adopt(folder: Path, digest: Digest, size_bytes: int, *, known: bool, verify: bool, report: Report) -> How:
    """Takes the blob from ``folder``, a ``blobs`` directory. ``report`` gets the bytes that were read so far.

    Without ``verify`` a linked file is trusted to be what its name says; a copy is always checked. ``known``: the
    catalog has a row for it, so what is present was checked when it came; else both stores may be one folder.

    Raises InvalidSource, DigestMismatch, BlobDamaged, NotEnoughSpace.
    """
    source = folder / digest.filename
    if blobs.blob_size(digest) == size_bytes:
        if verify and not known:
            _verify(blobs.blob_path(digest), digest, report)
        return "present"
    _require_file(source, digest, size_bytes)
    if _linked(source, digest, size_bytes, verify=verify, report=report):
        return "linked"
    _copy(source, digest, size_bytes, report)
    return "copied"


def _require_file(path: Path, digest: Digest, size_bytes: int) -> None:
    try:
        status = os.lstat(path)
    except OSError as error:
        raise InvalidSource(f"blob {digest.short} can't be read: {os.strerror(error.errno or 0)}") from error
    if not stat.S_ISREG(status.st_mode):
        raise InvalidSource(f"blob {digest.short} is not a regular file")
    if status.st_size != size_bytes:
        raise InvalidSource(f"blob {digest.short} has {status.st_size} bytes and not {size_bytes}")


def _linked(source: Path, digest: Digest, size_bytes: int, *, verify: bool, report: Report) -> bool:
    """What is linked first is looked at then: nobody can put another file in its place meanwhile."""
    path = blobs.blobs_dir() / f"{blobs.TEMP_PREFIX}{secrets.token_hex(16)}"
    try:
        os.link(source, path, follow_symlinks=False)
    except OSError as error:
        if error.errno in _NO_LINK:
            return False
        raise InvalidSource(f"blob {digest.short} can't be linked: {os.strerror(error.errno or 0)}") from error
    try:
        _require_file(path, digest, size_bytes)
        if verify:
            _verify(path, digest, report)
        path.rename(blobs.blob_path(digest))
    finally:
        path.unlink(missing_ok=True)
    blobs.sync_directory(path.parent)
    return True


def _verify(path: Path, digest: Digest, report: Report) -> None:
    hashed = hashlib.sha256()
    for data in _chunks(path, digest, report):
        hashed.update(data)
    if hashed.hexdigest() != digest.hex:
        raise DigestMismatch(want=digest, got=Digest(hashed.hexdigest()))


def _copy(source: Path, digest: Digest, size_bytes: int, report: Report) -> None:
    blobs.require_space(size_bytes)
    with BlobWriter() as writer:
        for data in _chunks(source, digest, report):
            writer.write(data)
        writer.commit(digest)


def _chunks(path: Path, digest: Digest, report: Report) -> Iterator[bytes]:
    """The bytes of a regular file; nothing else is opened, and no symlink followed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise InvalidSource(f"blob {digest.short} can't be read: {os.strerror(error.errno or 0)}") from error
    with open(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise InvalidSource(f"blob {digest.short} is not a regular file")
        completed = 0
        while data := file.read(blobs.CHUNK_BYTES):
            completed += len(data)
            report(completed)
            yield data
