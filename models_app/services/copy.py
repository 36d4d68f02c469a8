"""Gives a model another name; no byte is copied."""

from __future__ import annotations

from django.db import transaction

from models_app.errors import InvalidModelName, ModelNotFound
from models_app.models import Tag
from models_app.naming import ModelName
from models_app.services.collect import blobs_unlink, manifests_collect
from models_app.services.commit import tag_point
from models_app.store import blobs


def model_copy(*, source: str, destination: str) -> None:
    """``destination`` is what ``source`` is from now on; a model that had this name loses it.

    Raises InvalidModelName, ModelNotFound (for the source), StoreBusy.
    """
    origin, target = ModelName.parse(source), ModelName.parse(destination)
    if target.selector == "cloud":
        raise InvalidModelName(destination)
    with blobs.store_lock():
        with transaction.atomic():
            tag = Tag.objects.select_related("manifest").filter(key=origin.key).first()
            if tag is None or origin.selector == "cloud":
                raise ModelNotFound(source)
            freed = manifests_collect(tag_point(target, tag.manifest, tag.source))
        blobs_unlink(freed)
