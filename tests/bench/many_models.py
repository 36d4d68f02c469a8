"""Fills the catalog of ``$A3S_POWER_HOME`` for a benchmark: ``python -m tests.bench.many_models COUNT``.

Every model gets a tag, a manifest and the facts of its own, copied from the one model that the home holds.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from typing import TypeVar

import django
from django.db import models

Row = TypeVar("Row", bound=models.Model)


def add_models(count: int) -> None:
    from models_app.models import Layer, Manifest, ModelInfo, Tag

    tag = Tag.objects.select_related("manifest__info").get()
    original, layers = tag.manifest, list(tag.manifest.layers.all())
    digests = [manifest_digest(bytes(original.raw), index) for index in range(count)]
    Manifest.objects.bulk_create(copies(original, ({"digest": digest} for digest in digests)))
    ModelInfo.objects.bulk_create(copies(original.info, ({"manifest_id": digest} for digest in digests)))
    for layer in layers:
        Layer.objects.bulk_create(copies(layer, ({"pk": None, "manifest_id": digest} for digest in digests)))
    names = [tag.name.parse(f"model-{index:04}:bench") for index in range(count)]
    changes = ({"pk": None, "manifest_id": digest, "model": name.model, "tag": name.tag, "key": name.key}
               for digest, name in zip(digests, names, strict=True))  # fmt: skip
    Tag.objects.bulk_create(copies(tag, changes))


def copies(row: Row, changes: Iterable[Mapping[str, object]]) -> list[Row]:
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return [type(row)(**{**{k: v for k, v in values.items() if k != "id"}, **change}) for change in changes]


def manifest_digest(raw: bytes, index: int) -> str:
    return f"sha256:{hashlib.sha256(raw + str(index).encode()).hexdigest()}"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "power_site.settings")
    django.setup()
    add_models(int(sys.argv[1]))
