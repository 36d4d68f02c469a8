"""Links between the admin's pages. Whatever a name holds is escaped."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from models_app.models import Blob, Tag


def tag_link(tag: Tag) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("admin:models_app_tag_change", args=(tag.pk,)), str(tag))


def blob_link(blob: Blob) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("admin:models_app_blob_change", args=(blob.pk,)), blob.digest)
