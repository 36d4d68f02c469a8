"""Takes names out of the catalog, and with the last name of a manifest what only it needed."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from models_app.errors import ModelNotFound
from models_app.models import Blob, Layer, Manifest, Tag
from models_app.naming import ModelName
from models_app.services.collect import blobs_unlink, manifests_collect
from models_app.store import blobs


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionPreview:
    """What a deletion of these names together would free. ``blobs`` are digests as text; unknown names don't count."""

    names: tuple[str, ...]
    blobs: tuple[str, ...]
    size_bytes: int


def model_delete(*, name: str) -> int:
    """Removes the name; how many bytes came free. A running stream goes on: its worker holds the file open.

    Raises InvalidModelName, ModelNotFound, StoreBusy.
    """
    key = ModelName.parse(name).key
    with blobs.store_lock():
        with transaction.atomic():
            tag = Tag.objects.filter(key=key).first()
            if tag is None:
                raise ModelNotFound(name)
            tag.delete()
            freed = manifests_collect([tag.manifest_id])
        return blobs_unlink(freed)


def deletion_preview(*, names: list[str]) -> DeletionPreview:
    """Asks without acting. Raises InvalidModelName."""
    tags = Tag.objects.filter(key__in=[ModelName.parse(name).key for name in names])
    loose = Manifest.objects.filter(tags__in=tags).exclude(
        digest__in=Tag.objects.exclude(pk__in=tags.values("pk")).values("manifest_id")
    )
    kept = Layer.objects.exclude(manifest__in=loose.values("digest")).values("blob_id")
    going = Blob.objects.filter(layers__manifest__in=loose.values("digest")).exclude(digest__in=kept).distinct()
    rows = list(going.order_by("-size_bytes", "digest").values_list("digest", "size_bytes"))
    return DeletionPreview(
        names=tuple(tag.name.short for tag in tags),
        blobs=tuple(digest for digest, _ in rows),
        size_bytes=sum(size for _, size in rows),
    )
