from __future__ import annotations

import json

import pytest
from django.core.management import CommandError

from models_app.models import Blob, Tag
from models_app.selectors import model_get
from models_app.services.copy import model_copy
from tests.models_app.console.servers import Answer, serving
from tests.models_app.management.conftest import Call

pytestmark = pytest.mark.usefixtures("no_server")


def test_a_deleted_model_is_gone_with_its_bytes(call: Call, tiny: str) -> None:
    assert call("delete", tiny).startswith("deleted 'tiny:1b', freed ")
    assert not Tag.objects.exists()
    assert not Blob.objects.exists()


def test_rm_is_delete_and_takes_several(call: Call, tiny: str) -> None:
    model_copy(source=tiny, destination="copy:1b")
    call("rm", tiny, "copy:1b", "-y")
    assert not Tag.objects.exists()


def test_bytes_that_another_model_shares_are_not_freed(call: Call, tiny: str) -> None:
    model_copy(source=tiny, destination="copy:1b")
    assert json.loads(call("rm", tiny, "--json")) == {"deleted": "tiny:1b", "freed_bytes": 0}
    assert Blob.objects.exists()


def test_one_that_is_not_there_does_not_keep_the_others(call: Call, tiny: str) -> None:
    with pytest.raises(CommandError, match=r"^model 'nope' not found$"):
        call("rm", "nope", tiny)
    assert not Tag.objects.exists()


def test_a_running_server_unloads_it_first(call: Call, tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = model_get(tiny).digest
    answers = {
        "/api/version": Answer([{"version": "1"}]),
        "/api/ps": Answer([{"models": [{"name": tiny, "digest": digest}]}]),
        "/api/generate": Answer([{"done_reason": "unload"}]),
    }
    with serving(answers) as server:
        monkeypatch.setattr("models_app.console.server.configured_client", lambda: server.client)
        call("rm", tiny)
        assert [path for _, path, _ in server.requests] == ["/api/version", "/api/ps", "/api/generate"]
    assert not Tag.objects.exists()


def test_a_server_that_refuses_to_unload_keeps_nothing_from_going(
    call: Call, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"/api/version": Answer([{"version": "1"}]), "/api/ps": Answer([{"error": "boom"}], 500)}
    with serving(answers) as server:
        monkeypatch.setattr("models_app.console.server.configured_client", lambda: server.client)
        call("rm", tiny)
    assert not Tag.objects.exists()
