"""Deletion counts references: what another name needs stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from models_app.entries import ModelEntry
from models_app.errors import InvalidModelName, ModelNotFound
from models_app.models import Blob, Layer, Manifest, ModelInfo, Tag
from models_app.services.copy import model_copy
from models_app.services.delete import deletion_preview, model_delete
from models_app.store import blobs
from tests.gguf_files import write_tiny_gguf

Pull = Callable[..., ModelEntry]


def test_the_last_name_takes_everything_with_it(pull: Pull, tiny_gguf: Path, store: Path) -> None:
    entry = pull(tiny_gguf, "m")
    assert model_delete(name="M:LATEST") == entry.size_bytes
    assert not [path for path in store.iterdir() if path.name.startswith("sha256-")]
    assert not any(model.objects.exists() for model in (Tag, Manifest, Layer, ModelInfo, Blob))


def test_another_name_keeps_the_bytes(pull: Pull, tiny_gguf: Path, store: Path) -> None:
    pull(tiny_gguf, "m")
    model_copy(source="m", destination="n")
    assert model_delete(name="m") == 0
    assert len([path for path in store.iterdir() if path.name.startswith("sha256-")]) == 2
    assert [tag.name.short for tag in Tag.objects.all()] == ["n:latest"]


def test_a_shared_blob_stays(pull: Pull, tmp_path: Path) -> None:
    """Two models of one shape have the same config blob."""
    first = pull(write_tiny_gguf(tmp_path / "1.gguf", seed=1), "a")
    second = pull(write_tiny_gguf(tmp_path / "2.gguf", seed=2), "b")
    (shared,) = set(_blobs(first)) & set(_blobs(second))
    assert model_delete(name="a") == first.size_bytes - Blob.objects.get(digest=shared).size_bytes
    assert set(Blob.objects.values_list("digest", flat=True)) == set(_blobs(second))


def _blobs(entry: ModelEntry) -> list[str]:
    return list(Layer.objects.filter(manifest=f"sha256:{entry.digest}").values_list("blob_id", flat=True))


def test_the_preview_tells_what_a_deletion_frees(pull: Pull, tmp_path: Path) -> None:
    first = pull(write_tiny_gguf(tmp_path / "1.gguf", seed=1), "a")
    second = pull(write_tiny_gguf(tmp_path / "2.gguf", seed=2), "b")
    known = {*_blobs(first), *_blobs(second)}
    model_copy(source="a", destination="c")
    assert deletion_preview(names=["a"]).size_bytes == 0
    together = deletion_preview(names=["a", "C", "gone"])
    assert together.size_bytes == model_delete(name="a") + model_delete(name="c")
    assert set(together.names) == {"a:latest", "c:latest"}
    assert set(together.blobs) <= known
    assert len(together.blobs) == 1
    assert deletion_preview(names=["b"]).size_bytes == second.size_bytes


@pytest.mark.parametrize(("name", "error"), [("nope", ModelNotFound), ("../../x", InvalidModelName)])
def test_what_is_not_there_is_not_deleted(store: Path, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        model_delete(name=name)


def test_rows_go_before_files(pull: Pull, tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pull(tiny_gguf, "m")
    rows_left: list[int] = []
    unlink = blobs.blob_unlink
    monkeypatch.setattr(blobs, "blob_unlink", lambda digest: (rows_left.append(Tag.objects.count()), unlink(digest))[1])
    model_delete(name="m")
    assert rows_left == [0, 0]


def test_the_database_refuses_dangling_rows(pull: Pull, tiny_gguf: Path) -> None:
    pull(tiny_gguf, "m")
    with pytest.raises(ProtectedError):
        Manifest.objects.get().delete()
    with pytest.raises(ProtectedError):
        Blob.objects.all().delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        Tag.objects.create(host="h", namespace="n", model="m", tag="t", key="registry.ollama.ai/library/m:latest",
                           manifest=Manifest.objects.get())  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        Blob.objects.create(digest="sha256:short", size_bytes=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Blob.objects.create(digest="sha256:" + "0" * 64, size_bytes=-1)


@pytest.mark.django_db(transaction=True)
def test_the_database_itself_holds_the_references(home: Path, tiny_gguf: Path) -> None:
    """Below Django, too: with the rows' arrows cut by SQL, the transaction fails."""
    from django.db import connection

    from models_app.services.pull import model_pull
    from power_site import conf

    conf.configure({"min_free_bytes": 0})
    model_pull(source=str(tiny_gguf), name="m", on_progress=lambda _: None, cancelled=lambda: False)
    for statement in ("DELETE FROM models_app_blob", "DELETE FROM models_app_manifest"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
