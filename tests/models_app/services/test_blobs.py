"""models_app.services.blobs: uploads that are whole or not there, and removal of what nobody needs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from models_app.digests import Digest
from models_app.entries import ModelEntry
from models_app.errors import BlobInUse, BlobNotFound, NotEnoughSpace, TransferCancelled, UploadMismatch
from models_app.models import Layer
from models_app.services.blobs import BlobUpload, blob_delete, blob_keep
from models_app.services.check import store_check
from models_app.services.delete import model_delete
from power_site import conf

DATA = b"some bytes"
DIGEST = Digest.of(DATA)


def upload(*pieces: bytes, size_bytes: int | None = None) -> bool:
    incoming = BlobUpload(digest=DIGEST, size_bytes=size_bytes)
    try:
        incoming.open()
        for piece in pieces:
            incoming.write(piece)
        return incoming.commit()
    finally:
        incoming.close()
        incoming.close()


def names(store: Path) -> list[str]:
    return sorted(path.name for path in store.iterdir())


def test_an_upload_makes_a_blob_that_no_row_knows_and_no_check_minds(store: Path) -> None:
    assert upload(b"some ", b"bytes", size_bytes=len(DATA))
    assert names(store) == [DIGEST.filename]
    report = store_check()
    assert report.is_sound
    assert report.unreferenced == (str(DIGEST),)


def test_a_blob_that_came_meanwhile_stays_as_it_is(store: Path) -> None:
    first, second = (BlobUpload(digest=DIGEST, size_bytes=None) for _ in range(2))
    for incoming in (first, second):
        incoming.open()
        incoming.write(DATA)
    assert first.commit()
    inode = (store / DIGEST.filename).stat().st_ino
    assert not second.commit()
    first.close()
    second.close()
    assert names(store) == [DIGEST.filename]
    assert (store / DIGEST.filename).stat().st_ino == inode


def test_other_bytes_are_refused_and_gone(store: Path) -> None:
    with pytest.raises(UploadMismatch, match=f'expected "{DIGEST}", got "{Digest.of(b"other")}"'):
        upload(b"other")
    assert names(store) == []


def test_an_upload_that_will_not_fit_makes_no_file(store: Path) -> None:
    with pytest.raises(NotEnoughSpace):
        upload(size_bytes=2**60)
    assert names(store) == []


def test_an_upload_that_fills_the_disk_on_its_way_leaves_nothing(store: Path) -> None:
    incoming = BlobUpload(digest=DIGEST, size_bytes=None)
    incoming.open()
    incoming.write(DATA[:4])
    conf.configure({"min_free_bytes": 2**62})
    with pytest.raises(NotEnoughSpace):
        incoming.write(DATA[4:])
    incoming.close()
    assert names(store) == []


def test_after_close_nothing_is_written_any_more(store: Path) -> None:
    incoming = BlobUpload(digest=DIGEST, size_bytes=None)
    incoming.close()
    incoming.open()
    for act in (lambda: incoming.write(DATA), incoming.commit):
        with pytest.raises(TransferCancelled):
            act()
    assert names(store) == []


def test_keeping_a_blob_renews_its_time(store: Path) -> None:
    assert blob_keep(digest=DIGEST) is None
    upload(DATA)
    os.utime(store / DIGEST.filename, (1, 1))
    kept = blob_keep(digest=DIGEST)
    assert kept is not None
    assert kept.size_bytes == len(DATA)
    assert time.time() - (store / DIGEST.filename).stat().st_mtime < 60


def test_an_unused_blob_is_removed_once(store: Path) -> None:
    upload(DATA)
    assert blob_delete(digest=DIGEST) == len(DATA)
    with pytest.raises(BlobNotFound):
        blob_delete(digest=DIGEST)


def test_a_blob_stays_until_the_last_model_that_needs_it_has_gone(
    store: Path, pull: Callable[..., ModelEntry], tiny_gguf: Path
) -> None:
    pull(tiny_gguf, "one")
    pull(tiny_gguf, "two")
    digest = Digest.parse(Layer.objects.filter(position=1).values_list("blob_id", flat=True)[0])
    with pytest.raises(BlobInUse, match=r"in use by model 'one:latest' and 1 more$") as refused:
        blob_delete(digest=digest)
    assert refused.value.names == ["one:latest", "two:latest"]
    assert store_check().is_sound
    model_delete(name="one")
    model_delete(name="two")
    with pytest.raises(BlobNotFound):
        blob_delete(digest=digest)
