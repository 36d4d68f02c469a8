"""S7: a symlink in the store is never followed, whoever asks for the blob."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from models_app import selectors
from models_app.digests import Digest
from models_app.errors import BlobDamaged, CatalogError
from models_app.gguf.blob import gguf_blob_open
from models_app.models import Layer
from models_app.services.check import store_check
from models_app.services.delete import model_delete
from models_app.services.pull import model_pull
from models_app.store import blobs
from models_app.store.lock import file_lock, patience
from power_site import conf
from tests.gguf_files import write_tiny_gguf

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_bytes(b"GGUF secret")
    return path


@pytest.fixture
def linked(home: Path, tmp_path: Path, secret: Path) -> Digest:
    """A model whose weights were replaced by a symlink to the secret."""
    conf.configure({"min_free_bytes": 0})
    source = write_tiny_gguf(tmp_path / "m.gguf")
    model_pull(source=str(source), name="m", on_progress=lambda _: None, cancelled=lambda: False)
    digest = Digest.parse(Layer.objects.get(position=1).blob_id)
    path = blobs.blob_path(digest)
    path.unlink()
    path.symlink_to(secret)
    return digest


@pytest.mark.parametrize(
    "read",
    [blobs.blob_open, blobs.blob_verify, blobs.blob_size, lambda d: blobs.blob_read(d, max_bytes=100)],
)
def test_no_read_follows_it(linked: Digest, read: Callable[[Digest], object]) -> None:
    with pytest.raises(BlobDamaged) as refused:
        read(linked)
    assert "secret" not in str(refused.value)


def test_nor_does_anything_built_on_the_reads(linked: Digest) -> None:
    with pytest.raises(BlobDamaged), gguf_blob_open(linked):
        pass
    with pytest.raises(BlobDamaged):
        selectors.model_card("m")
    assert store_check().damaged == (str(linked),)


def test_a_deletion_takes_the_link_and_not_what_it_leads_to(linked: Digest, secret: Path) -> None:
    model_delete(name="m")
    assert not blobs.blob_path(linked).is_symlink()
    assert secret.read_bytes() == b"GGUF secret"


def test_a_pull_heals_it_without_writing_through_it(linked: Digest, secret: Path, tmp_path: Path) -> None:
    blobs.blob_path(linked).unlink()
    model_pull(source=str(tmp_path / "m.gguf"), name="m", on_progress=lambda _: None, cancelled=lambda: False)
    blobs.blob_verify(linked)
    assert secret.read_bytes() == b"GGUF secret"


def test_links_in_the_place_of_partial_files_and_locks_are_refused(home: Path, secret: Path, tmp_path: Path) -> None:
    conf.configure({"min_free_bytes": 0})
    (blobs.blobs_dir().parent / ".lock").symlink_to(secret)
    source = write_tiny_gguf(tmp_path / "m.gguf")
    with pytest.raises((OSError, CatalogError)):
        model_pull(source=str(source), name="m", on_progress=lambda _: None, cancelled=lambda: False)
    with pytest.raises(OSError), file_lock(blobs.blobs_dir().parent / ".lock", wait=patience(0)):
        pass
    assert secret.read_bytes() == b"GGUF secret"
