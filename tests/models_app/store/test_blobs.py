"""The store: whole and verified, or not there."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from models_app.digests import Digest
from models_app.errors import BlobDamaged, BlobNotFound, DigestMismatch, NotEnoughSpace
from models_app.store import blobs
from power_site import conf

DATA = b"some bytes"
DIGEST = Digest.of(DATA)
pytestmark = pytest.mark.usefixtures("store")


def names(store: Path) -> list[str]:
    return sorted(path.name for path in store.iterdir())


def test_a_written_blob_is_named_by_its_bytes_and_read_only(store: Path) -> None:
    stored = blobs.blob_write(DATA)
    assert (stored.digest, stored.size_bytes) == (DIGEST, len(DATA))
    assert names(store) == [DIGEST.filename]
    assert stat.S_IMODE((store / DIGEST.filename).stat().st_mode) == 0o444
    assert blobs.blob_read(DIGEST, max_bytes=100) == DATA
    assert blobs.blob_verify(DIGEST) == len(DATA)


def test_nothing_is_visible_before_the_commit(store: Path) -> None:
    with blobs.BlobWriter() as writer:
        writer.write(DATA)
        assert not [name for name in names(store) if name.startswith("sha256-")]
        assert blobs.blob_size(DIGEST) is None


def test_a_writer_that_isnt_committed_leaves_nothing(store: Path) -> None:
    with blobs.BlobWriter() as writer:
        writer.write(DATA)
    assert names(store) == []


def test_other_bytes_than_were_promised_are_not_kept(store: Path) -> None:
    with blobs.BlobWriter() as writer:
        writer.write(b"other bytes")
        with pytest.raises(DigestMismatch) as failed:
            writer.commit(DIGEST)
    assert failed.value.want == str(DIGEST)
    assert names(store) == []


def test_the_bytes_are_on_the_disk_before_the_name_is(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    sync, rename = os.fsync, Path.rename
    monkeypatch.setattr(os, "fsync", lambda descriptor: (order.append(_kind(descriptor)), sync(descriptor))[1])
    monkeypatch.setattr(Path, "rename", lambda path, target: (order.append("rename"), rename(path, target))[1])
    blobs.blob_write(DATA)
    assert order == ["file", "rename", "directory"]


def _kind(descriptor: int) -> str:
    return "directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"


def test_a_full_disk_has_its_own_error(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotEnoughSpace):
        blobs.blob_write(DATA)
    assert names(store) == []


def test_space_is_asked_for_before_it_is_needed() -> None:
    blobs.require_space(1)
    with pytest.raises(NotEnoughSpace, match="not enough space"):
        blobs.require_space(1 << 60)


def test_the_reserve_is_left_free(home: Path) -> None:
    conf.configure({"min_free_bytes": 1 << 60})
    with pytest.raises(NotEnoughSpace):
        blobs.require_space(0)


def test_a_missing_blob_is_not_found() -> None:
    assert blobs.blob_size(DIGEST) is None
    with pytest.raises(BlobNotFound):
        blobs.blob_open(DIGEST)


def test_a_blob_longer_than_allowed_is_not_read_into_memory() -> None:
    blobs.blob_write(DATA)
    with pytest.raises(BlobDamaged, match="longer"):
        blobs.blob_read(DIGEST, max_bytes=3)


def test_a_changed_byte_is_found(store: Path) -> None:
    blobs.blob_write(DATA)
    (store / DIGEST.filename).chmod(0o600)
    (store / DIGEST.filename).write_bytes(b"Some bytes")
    with pytest.raises(BlobDamaged, match=r"damaged.*another digest"):
        blobs.blob_verify(DIGEST)


def test_unlinking_tells_what_came_free() -> None:
    blobs.blob_write(DATA)
    assert blobs.blob_unlink(DIGEST) == len(DATA)
    assert blobs.blob_unlink(DIGEST) == 0
