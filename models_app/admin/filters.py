"""Filters whose choices are what the catalog holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from models_app.models import Blob, ModelInfo, Tag

Choices = Iterable[tuple[str, str]]


class ArchitectureFilter(SimpleListFilter):
    title = parameter_name = "architecture"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return _distinct("architecture")

    def queryset(self, request: HttpRequest, queryset: QuerySet[Tag]) -> QuerySet[Tag]:
        return queryset.filter(manifest__info__architecture=self.value()) if self.value() else queryset


class QuantizationFilter(SimpleListFilter):
    title = parameter_name = "quantization"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return _distinct("quantization")

    def queryset(self, request: HttpRequest, queryset: QuerySet[Tag]) -> QuerySet[Tag]:
        return queryset.filter(manifest__info__quantization=self.value()) if self.value() else queryset


class CapabilityFilter(SimpleListFilter):
    title = parameter_name = "capability"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        lists = ModelInfo.objects.values_list("capabilities", flat=True).distinct()
        return [(name, name) for name in sorted({name for names in lists for name in names})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Tag]) -> QuerySet[Tag]:
        # As text: SQLite can't look into a JSON list. The quotes keep "tool" from finding "tools".
        wanted = f'"{self.value()}"'
        return queryset.filter(manifest__info__capabilities__icontains=wanted) if self.value() else queryset


class UsedFilter(SimpleListFilter):
    title = "use"
    parameter_name = "used"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return [("yes", "used by a model"), ("no", "used by none")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Blob]) -> QuerySet[Blob]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(layers__isnull=self.value() == "no").distinct()


def _distinct(field: str) -> Choices:
    values = ModelInfo.objects.exclude(**{field: ""}).values_list(field, flat=True).distinct().order_by(field)
    return [(value, value) for value in values]
