"""Long actions: what they are doing, how far they are, and what went wrong."""

from __future__ import annotations

from django.contrib import admin

from models_app.admin.readonly import ReadOnlyAdmin
from models_app.console.humanize import human_bytes
from models_app.models import Job


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin[Job]):
    list_display = ("kind", "name", "state", "progress", "error", "created_at", "finished_at")
    list_display_links = ("kind", "name")
    list_filter = ("state", "kind")
    search_fields = ("name", "error")
    fields = readonly_fields = (
        "kind", "name", "state", "status", "progress", "error", "created_at", "heartbeat_at", "lease_expires_at",
        "finished_at",
    )  # fmt: skip

    @admin.display(description="progress", empty_value="-")
    def progress(self, job: Job) -> str | None:
        if not job.total_bytes:
            return human_bytes(job.completed_bytes) if job.completed_bytes else None
        percent = job.completed_bytes * 100 // job.total_bytes
        return f"{percent}% of {human_bytes(job.total_bytes)}"
