"""The models of the catalog: found, looked at, and deleted through the service that frees their bytes."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from models_app.admin.deletion import Deleted, delete_tags, deleted_objects
from models_app.admin.filters import ArchitectureFilter, CapabilityFilter, QuantizationFilter
from models_app.admin.links import blob_link
from models_app.admin.readonly import ReadOnlyAdmin
from models_app.admin.words import size_text
from models_app.console.humanize import human_bytes
from models_app.errors import CatalogError
from models_app.modelfile import parameter_lines
from models_app.models import ModelInfo, Tag

_BLOCK = '<pre class="whitespace-pre-wrap break-words max-h-96 overflow-auto text-sm">{}</pre>'
# Texts of up to megabytes, which no line of the list shows.
_LONG = tuple(f"manifest__info__{name}" for name in ("metadata", "licence", "chat_template", "template", "system"))


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin[Tag]):
    list_display = (
        "short_name", "size", "architecture", "parameter_size", "quantization", "context", "capabilities",
        "modified_at", "source",
    )  # fmt: skip
    list_filter = (ArchitectureFilter, QuantizationFilter, CapabilityFilter)
    search_fields = (
        "key",
        "source",
        "manifest__digest",
        "manifest__info__architecture",
        "manifest__info__quantization",
    )
    search_help_text = "name, source, digest, architecture or quantization"
    ordering = ("-modified_at", "key")
    actions = ("delete_selected",)
    fieldsets = (
        (None, {"fields": ("full_name", "digest", "size", "model_blob", "source", "modified_at")}),
        ("Model", {"fields": ("architecture", "parameter_size", "quantization", "context", "embedding_length",
                              "capabilities")}),
        ("Behaviour", {"fields": ("parameters", "system", "template")}),
        ("Licence", {"fields": ("licence",), "classes": ("collapse",)}),
        ("Metadata of the file", {"fields": ("metadata",), "classes": ("collapse",)}),
    )  # fmt: skip
    readonly_fields = tuple(name for _, options in fieldsets for name in options["fields"])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        rows: QuerySet[Tag] = super().get_queryset(request)
        rows = rows.select_related("manifest__info__model_blob").defer("manifest__raw")
        match = request.resolver_match
        return rows.defer(*_LONG) if match and match.url_name == "models_app_tag_changelist" else rows

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("models_app.delete_tag")

    @admin.display(description="name", ordering="key")
    def short_name(self, tag: Tag) -> str:
        return tag.name.short

    @admin.display(description="full name")
    def full_name(self, tag: Tag) -> str:
        return tag.name.full

    @admin.display(description="digest of the manifest")
    def digest(self, tag: Tag) -> str:
        return tag.manifest_id

    @admin.display(description="size", ordering="manifest__size_bytes")
    def size(self, tag: Tag) -> str:
        return size_text(tag.manifest.size_bytes)

    @admin.display(description="file")
    def model_blob(self, tag: Tag) -> SafeString:
        return blob_link(_info(tag).model_blob)

    @admin.display(description="architecture", ordering="manifest__info__architecture")
    def architecture(self, tag: Tag) -> str:
        return _info(tag).architecture

    @admin.display(description="parameters", ordering="manifest__info__parameter_count")
    def parameter_size(self, tag: Tag) -> str:
        return _info(tag).parameter_size

    @admin.display(description="quantization", ordering="manifest__info__quantization")
    def quantization(self, tag: Tag) -> str:
        return _info(tag).quantization

    @admin.display(description="context", ordering="manifest__info__context_length")
    def context(self, tag: Tag) -> int:
        return _info(tag).context_length

    @admin.display(description="embedding length")
    def embedding_length(self, tag: Tag) -> int:
        return _info(tag).embedding_length

    @admin.display(description="capabilities")
    def capabilities(self, tag: Tag) -> str:
        return ", ".join(_info(tag).capabilities)

    @admin.display(description="parameters")
    def parameters(self, tag: Tag) -> SafeString:
        return _block(parameter_lines(_info(tag).parameters))

    @admin.display(description="system message")
    def system(self, tag: Tag) -> SafeString:
        return _block(_info(tag).system)

    @admin.display(description="template")
    def template(self, tag: Tag) -> SafeString:
        return _block(_info(tag).template or _info(tag).chat_template)

    @admin.display(description="licence")
    def licence(self, tag: Tag) -> SafeString:
        return _block(_info(tag).licence)

    @admin.display(description="metadata")
    def metadata(self, tag: Tag) -> SafeString:
        return _block(json.dumps(_info(tag).metadata, indent=2, ensure_ascii=False, sort_keys=True))

    # Deletion: the confirmation shows what the service will free, and only the service deletes.

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Deleted:
        return deleted_objects(list(objs), permitted=self.has_delete_permission(request))

    def delete_model(self, request: HttpRequest, obj: Tag) -> None:
        self._delete(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        self._delete(request, list(queryset))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Without the transaction that Django puts around it: the service commits its own before it unlinks a file."""
        try:
            response: HttpResponse = self._delete_view(request, object_id, extra_context)
        except CatalogError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:models_app_tag_changelist"))
        return response

    @admin.action(permissions=["delete"], description="Delete selected models")
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[Tag]) -> HttpResponse | None:
        """The stock action; what the service refuses is told instead of a success."""
        try:
            return delete_selected(self, request, queryset)
        except CatalogError as error:
            self.message_user(request, str(error), messages.ERROR)
            return None

    def _delete(self, request: HttpRequest, tags: list[Tag]) -> None:
        self.message_user(request, f"{human_bytes(delete_tags(tags))} freed.")


def _info(tag: Tag) -> ModelInfo:
    return tag.manifest.info


def _block(text: str) -> SafeString:
    """Text with its line breaks, as it was written; escaped, for it comes from a file that anyone may have made."""
    return format_html(_BLOCK, text or "-")
