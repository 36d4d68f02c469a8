"""Stored responses that have expired, or are too many, are removed by the way: when one is stored.

Runs in ``run_db``'s threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from django.db.models import Sum
from django.utils import timezone

from api_openai.models import StoredResponse
from power_site.conf import config

EVERY_SECONDS = 60.0
_BATCH = 200
_lock = threading.Lock()
_due_at = 0.0


def prune_when_due() -> None:
    """At the process's first store, and once a minute from then on."""
    global _due_at
    with _lock:
        if time.monotonic() < _due_at:
            return
        _due_at = time.monotonic() + EVERY_SECONDS
    prune(max_bytes=config().response_max_bytes)


def prune(*, max_bytes: int) -> None:
    """The expired ones, then the oldest until the rest fits. What runs stays."""
    _delete(list(StoredResponse.objects.filter(expires_at__lte=timezone.now()).values_list("id", flat=True)))
    excess = (StoredResponse.objects.aggregate(total=Sum("size_bytes"))["total"] or 0) - max_bytes
    oldest: list[str] = []
    ended = StoredResponse.objects.exclude(status__in=("queued", "in_progress")).order_by("created_at")
    for response_id, size_bytes in ended.values_list("id", "size_bytes").iterator() if excess > 0 else ():
        if excess <= 0:
            break
        oldest.append(response_id)
        excess -= size_bytes
    _delete(oldest)


def _delete(response_ids: Sequence[str]) -> None:
    for start in range(0, len(response_ids), _BATCH):
        StoredResponse.objects.filter(id__in=response_ids[start : start + _BATCH]).delete()
