"""What was said before: the chain of stored responses behind one, items by their ids, and pages of them.

Every function runs in ``run_db``'s threads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import orjson
from django.utils import timezone

from api_openai.models import StoredItem, StoredResponse
from api_openai.responses.items import REFERENCE, Item
from api_openai.responses.refusals import PreviousResponseNotFound, ResponseNotFound
from api_openai.responses.store import USABLE
from power_site.conf import config
from power_site.http import BadRequest

MAX_TURNS = 1000
_BATCH = 400


def conversation_items(response_id: str) -> list[Item]:
    """Input and output items of all turns up to this one, in order.

    Raises PreviousResponseNotFound where a turn is gone, BadRequest where one has not ended or they are too many.
    """
    turns = _turns(response_id)
    by_turn: dict[str, list[Item]] = defaultdict(list)
    for start in range(0, len(turns), _BATCH):
        rows = StoredItem.objects.filter(response_id__in=turns[start : start + _BATCH])
        for turn, data in rows.order_by("response_id", "is_output", "position").values_list("response_id", "data"):
            by_turn[turn].append(orjson.loads(data))
    return [item for turn in reversed(turns) for item in by_turn[turn]]


def _turns(response_id: str) -> list[str]:
    """Ids, the newest first. Together they hold no more than a request could."""
    turns: list[str] = []
    n_bytes, next_id = 0, response_id
    while next_id:
        rows = StoredResponse.objects.filter(id=next_id, expires_at__gt=timezone.now())
        found = rows.values_list("previous_id", "status", "size_bytes").first()
        if found is None:
            raise PreviousResponseNotFound(next_id)
        previous_id, status, size_bytes = found
        if status not in USABLE:
            raise _unusable(f"Previous response with id '{next_id}' has the status {status}.")
        turns.append(next_id)
        n_bytes += size_bytes
        if len(turns) > MAX_TURNS or n_bytes > config().max_media_body_bytes:
            raise _unusable("the conversation has grown too long to be continued by previous_response_id")
        next_id = previous_id
    return turns


def _unusable(message: str) -> BadRequest:
    return BadRequest(message, field="previous_response_id")


def items_resolved(items: Sequence[Item]) -> list[Item]:
    """Items with what their references name. Raises BadRequest naming a reference to nothing."""
    wanted = {item["id"] for item in items if item["type"] == REFERENCE}
    rows = StoredItem.objects.filter(item_id__in=wanted, response__expires_at__gt=timezone.now()).order_by("id")
    found = dict(rows.values_list("item_id", "data"))
    return [_resolved(item, found, f"input[{index}].id") for index, item in enumerate(items)]


def _resolved(item: Item, found: dict[str, Any], field: str) -> Item:
    if item["type"] != REFERENCE:
        return item
    if item["id"] not in found:
        text = f"Item with id '{item['id'][:80]}' not found. Items are kept only with the response they came in."
        raise BadRequest(text, field=field)
    resolved: Item = orjson.loads(found[item["id"]])
    return resolved


def input_page(response_id: str, *, newest_first: bool, after: str | None, limit: int) -> tuple[list[Item], bool]:
    """Input items behind the one with the id ``after``, and whether there are more. Raises ResponseNotFound."""
    if not StoredResponse.objects.filter(id=response_id, expires_at__gt=timezone.now()).exists():
        raise ResponseNotFound(response_id)
    rows = StoredItem.objects.filter(response_id=response_id, is_output=False)
    if after is not None:
        position = rows.filter(item_id=after).values_list("position", flat=True).first()
        if position is None:
            raise BadRequest("after names no input item of this response", field="after")
        rows = rows.filter(position__lt=position) if newest_first else rows.filter(position__gt=position)
    rows = rows.order_by("-position" if newest_first else "position")
    page = [orjson.loads(data) for data in rows.values_list("data", flat=True)[: limit + 1]]
    return page[:limit], len(page) > limit
