"""The base of pages that only show: rows of the catalog follow from files, so nobody edits or adds one by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin

M = TypeVar("M", bound=Model)

if TYPE_CHECKING:

    class _Base(ModelAdmin[M]):  # type: ignore[misc]
        pass
else:

    class _Base(ModelAdmin):
        def __class_getitem__(cls, item: object) -> type:
            return cls


class ReadOnlyAdmin(_Base[M]):
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
