"""Responses that are kept for their clients (``store``): what was asked, what was answered, until they expire.

    StoredResponse ──> StoredItem (input and output items, in order)

``previous_id`` is no foreign key: who deletes a response breaks the conversation there, and is told so.
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone

ID_LENGTH = 64


class StoredResponse(models.Model):
    """``body`` is the answer's JSON without its output. While it runs somebody renews ``lease_expires_at``."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        IN_PROGRESS = "in_progress"
        COMPLETED = "completed"
        INCOMPLETE = "incomplete"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    previous_id = models.CharField(max_length=ID_LENGTH, blank=True)
    status = models.CharField(max_length=16, choices=Status.choices)
    background = models.BooleanField(default=False)
    body = models.BinaryField()
    size_bytes = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    expires_at = models.DateTimeField(db_index=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(
                    status__in=("queued", "in_progress", "completed", "incomplete", "failed", "cancelled")
                ),
                name="response_status",
            ),
            models.CheckConstraint(condition=models.Q(size_bytes__gte=0), name="response_size"),
        )

    def __str__(self) -> str:
        return self.id


class StoredItem(models.Model):
    """``data`` is the item's JSON. Clients name the items of their inputs, so ``item_id`` may come twice."""

    response = models.ForeignKey(StoredResponse, on_delete=models.CASCADE, related_name="items")
    is_output = models.BooleanField()
    position = models.PositiveIntegerField()
    item_id = models.CharField(max_length=255, db_index=True)
    data = models.BinaryField()

    class Meta:
        ordering = ("is_output", "position")
        constraints = (models.UniqueConstraint(fields=("response", "is_output", "position"), name="item_position"),)

    def __str__(self) -> str:
        return self.item_id
