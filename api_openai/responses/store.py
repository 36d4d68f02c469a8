"""Stored responses: what is written, read and removed. Every function runs in ``run_db``'s threads.

A stored response is content: nothing of it is ever logged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import orjson
from django.db import transaction
from django.utils import timezone

from api_openai.models import StoredItem, StoredResponse
from api_openai.responses.envelope import Envelope
from api_openai.responses.items import Item
from api_openai.responses.pruning import prune_when_due
from api_openai.responses.refusals import ResponseNotFound
from power_site.conf import config

RUNNING = ("queued", "in_progress")
USABLE = ("completed", "incomplete")
LEASE_SECONDS = 30.0
LONGEST_SECONDS = 100 * 365 * 86_400.0
INTERRUPTED = {"code": "server_error", "message": "the server ended while it worked on this response"}


def response_create(*, response: Envelope, input_items: Sequence[Item]) -> None:
    """``response`` may be one that has ended, or one that the caller works on and renews the lease of."""
    prune_when_due()
    now = timezone.now()
    items = _rows(response["id"], input_items, is_output=False) + _rows(
        response["id"], response["output"], is_output=True
    )
    body = _body(response)
    with transaction.atomic():
        StoredResponse.objects.create(
            id=response["id"],
            previous_id=response["previous_response_id"] or "",
            status=response["status"],
            background=response["background"],
            body=body,
            size_bytes=len(body) + sum(len(item.data) for item in items),
            created_at=now,
            expires_at=now + timedelta(seconds=min(config().response_ttl, LONGEST_SECONDS)),
            lease_expires_at=_lease(now) if response["status"] in RUNNING else None,
        )
        StoredItem.objects.bulk_create(items)


def response_update(*, response: Envelope) -> bool:
    """What a running response has come to. False where it runs no more: somebody cancelled or deleted it."""
    items = _rows(response["id"], response["output"], is_output=True)
    body = _body(response)
    running = response["status"] in RUNNING
    with transaction.atomic():
        row = StoredResponse.objects.filter(id=response["id"], status__in=RUNNING)
        found = row.values_list("size_bytes", flat=True).first()
        if found is None:
            return False
        size_bytes = found + len(body) + sum(len(item.data) for item in items)
        lease = _lease(timezone.now()) if running else None
        row.update(status=response["status"], body=body, size_bytes=size_bytes, lease_expires_at=lease)
        StoredItem.objects.bulk_create(items)
    return True


def response_get(response_id: str) -> Envelope:
    """The whole answer. Raises ResponseNotFound. One whose server is gone has failed."""
    row = _row(response_id)
    response: Envelope = orjson.loads(row.body)
    if row.status in RUNNING and row.lease_expires_at is not None and row.lease_expires_at < timezone.now():
        response |= {"status": "failed", "error": INTERRUPTED}
        response_update(response={**response, "output": []})
    output = row.items.filter(is_output=True).values_list("data", flat=True)
    return response | {"output": [orjson.loads(data) for data in output]}


def response_delete(response_id: str) -> None:
    """Raises ResponseNotFound."""
    _row(response_id).delete()


def leases_renew(response_ids: Sequence[str]) -> set[str]:
    """Those that still run; the others were cancelled or deleted by another process."""
    rows = StoredResponse.objects.filter(id__in=response_ids, status__in=RUNNING)
    rows.update(lease_expires_at=_lease(timezone.now()))
    return set(rows.values_list("id", flat=True))


def _row(response_id: str) -> StoredResponse:
    row = StoredResponse.objects.filter(id=response_id, expires_at__gt=timezone.now()).first()
    if row is None:
        raise ResponseNotFound(response_id)
    return row


def _rows(response_id: str, items: Iterable[Item], *, is_output: bool) -> list[StoredItem]:
    return [
        StoredItem(
            response_id=response_id,
            is_output=is_output,
            position=position,
            item_id=item["id"][:255],
            data=orjson.dumps(item),
        )
        for position, item in enumerate(items)
    ]


def _body(response: Envelope) -> bytes:
    return orjson.dumps({**response, "output": []})


def _lease(now: datetime) -> datetime:
    return now + timedelta(seconds=LEASE_SECONDS)
