"""Deleting models from the admin: what would go, and the service that does it."""

from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync
from django.utils.html import format_html

from inference.errors import ShuttingDown
from models_app.admin.links import tag_link
from models_app.console.humanize import human_bytes
from models_app.models import Tag
from models_app.services.delete import deletion_preview, model_delete
from power_site import runtime

# What Django's confirmation pages take: lines, counts, missing permissions, and what stands against it.
Deleted = tuple[list[Any], dict[str, Any], set[str], list[Any]]


def deleted_objects(tags: list[Tag], *, permitted: bool) -> Deleted:
    """For the confirmation page: each model, and the blobs that no other model needs."""
    preview = deletion_preview(names=[tag.name.full for tag in tags])
    lines: list[Any] = [format_html("Model: {}", tag_link(tag)) for tag in tags]
    blobs = [format_html("Blob: {}", digest) for digest in preview.blobs]
    counts = {"models": len(tags), "blobs": len(blobs), "space that will be freed": human_bytes(preview.size_bytes)}
    return lines + blobs, counts, set() if permitted else {"model"}, []


def delete_tags(tags: list[Tag]) -> int:
    """The bytes that were freed. Raises CatalogError at the first that can't be deleted; those before it are gone."""
    freed_bytes = 0
    for tag in tags:
        freed_bytes += model_delete(name=tag.name.full)
        if not Tag.objects.filter(manifest_id=tag.manifest_id).exists():
            _unload(tag.manifest_id.removeprefix("sha256:"))
    return freed_bytes


def _unload(digest: str) -> None:
    """Out of the memory of this server, on the loop that owns the pool."""
    try:
        pool = runtime.pool()
    except ShuttingDown:
        return  # the pages run without an engine

    async def unload() -> None:
        pool.unload(digest)

    async_to_sync(unload)()
