"""The files of the store, and which models need them."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from models_app.admin.filters import UsedFilter
from models_app.admin.links import tag_link
from models_app.admin.readonly import ReadOnlyAdmin
from models_app.admin.words import size_text
from models_app.models import Blob, Tag


@admin.register(Blob)
class BlobAdmin(ReadOnlyAdmin[Blob]):
    list_display = ("short_digest", "size", "used_by", "created_at")
    list_filter = (UsedFilter,)
    search_fields = ("digest",)
    ordering = ("-size_bytes",)
    fields = readonly_fields = ("digest", "size", "used_by", "media_types", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Blob]:
        rows: QuerySet[Blob] = super().get_queryset(request)
        return rows.prefetch_related("layers__manifest__tags")

    @admin.display(description="digest", ordering="digest")
    def short_digest(self, blob: Blob) -> str:
        return blob.digest.removeprefix("sha256:")[:12]

    @admin.display(description="size", ordering="size_bytes")
    def size(self, blob: Blob) -> str:
        return size_text(blob.size_bytes)

    @admin.display(description="used by", empty_value="nothing")
    def used_by(self, blob: Blob) -> SafeString | None:
        return format_html_join(", ", "{}", ((tag_link(tag),) for tag in _tags(blob))) or None

    @admin.display(description="as")
    def media_types(self, blob: Blob) -> str:
        return ", ".join(sorted({layer.media_type for layer in blob.layers.all()}))


def _tags(blob: Blob) -> list[Tag]:
    tags = {tag.key: tag for layer in blob.layers.all() for tag in layer.manifest.tags.all()}
    return [tags[key] for key in sorted(tags)]
