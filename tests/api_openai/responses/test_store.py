"""Stored responses: read as they were written, until they expire, are deleted, or are too many."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from api_openai.models import StoredItem, StoredResponse
from api_openai.responses import pruning
from api_openai.responses.pruning import prune
from api_openai.responses.refusals import ResponseNotFound
from api_openai.responses.store import (
    INTERRUPTED,
    leases_renew,
    response_create,
    response_delete,
    response_get,
    response_update,
)
from power_site import conf
from tests.api_openai.responses.conftest import Stored

PAST = timezone.now() - timedelta(hours=1)


def test_a_response_is_read_as_it_was_written(stored: Stored) -> None:
    response = stored("q", "a")
    assert response_get(response["id"]) == response
    row = StoredResponse.objects.get()
    assert row.expires_at - row.created_at == timedelta(days=30)
    assert row.size_bytes == len(row.body) + sum(len(item.data) for item in row.items.all())


def test_what_was_deleted_leaves_nothing(stored: Stored) -> None:
    response = stored()
    response_delete(response["id"])
    assert not StoredItem.objects.exists()
    for gone in (response_get, response_delete):
        with pytest.raises(ResponseNotFound):
            gone(response["id"])


def test_what_has_expired_is_not_found_and_goes_with_the_next_that_is_stored(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = stored()["id"]
    StoredResponse.objects.update(expires_at=PAST)
    with pytest.raises(ResponseNotFound):
        response_get(old)
    monkeypatch.setattr(pruning, "_due_at", 0.0)
    new = stored()["id"]
    assert list(StoredResponse.objects.values_list("id", flat=True)) == [new]


def test_the_setting_says_for_how_long(stored: Stored) -> None:
    conf.configure({"response_ttl": 0})
    response = stored()
    assert StoredResponse.objects.get().expires_at > timezone.now() + timedelta(days=30_000)
    assert response_get(response["id"])


def test_the_oldest_go_where_they_are_too_many_but_none_that_runs(stored: Stored) -> None:
    running = stored(status="in_progress", output=[])["id"]
    ids = [stored()["id"] for _ in range(4)]
    size = StoredResponse.objects.get(id=ids[0]).size_bytes
    rest = StoredResponse.objects.get(id=running).size_bytes
    prune(max_bytes=rest + 2 * size + size // 2)
    assert set(StoredResponse.objects.values_list("id", flat=True)) == {running, *ids[2:]}


def test_a_running_response_is_brought_up_to_date_until_it_ends(stored: Stored) -> None:
    done = stored()
    running = {**stored(status="queued", output=[]), "status": "in_progress"}
    assert response_update(response=running)
    assert response_update(response={**running, "status": "completed", "output": done["output"]})
    assert response_get(running["id"])["output"] == done["output"]
    assert not response_update(response={**running, "status": "failed"})
    assert response_get(running["id"])["status"] == "completed"


def test_a_lease_is_renewed_while_the_response_runs(stored: Stored) -> None:
    running, ended = stored(status="in_progress", output=[])["id"], stored()["id"]
    StoredResponse.objects.update(lease_expires_at=PAST)
    assert leases_renew([running, ended, "resp_gone"]) == {running}
    assert response_get(running)["status"] == "in_progress"


def test_a_response_whose_server_is_gone_has_failed(stored: Stored) -> None:
    running = stored(status="in_progress", output=[])["id"]
    StoredResponse.objects.update(lease_expires_at=PAST)
    for _ in range(2):
        response = response_get(running)
        assert (response["status"], response["error"]) == ("failed", INTERRUPTED)
    assert StoredResponse.objects.get().status == "failed"


def test_a_response_is_stored_with_all_its_items_or_not_at_all(stored: Stored) -> None:
    response = stored()
    broken = {**response, "id": "resp_2", "output": [{"id": "msg_1", "data": object()}]}
    with pytest.raises(TypeError):
        response_create(response=broken, input_items=[])
    assert StoredResponse.objects.count() == 1
