"""What was said before: chains, references, pages."""

from __future__ import annotations

from typing import Any

import pytest

from api_openai.responses import conversation
from api_openai.responses.conversation import conversation_items, input_page, items_resolved
from api_openai.responses.items import parsed_items
from api_openai.responses.refusals import PreviousResponseNotFound, ResponseNotFound
from api_openai.responses.store import response_create, response_delete
from power_site.http import BadRequest
from tests.api_openai.responses.conftest import Stored


def texts(items: list[dict[str, Any]]) -> list[str]:
    return [item["content"][0]["text"] for item in items]


def test_a_conversation_is_all_its_turns_in_order(stored: Stored) -> None:
    first = stored("q1", "a1")
    second = stored("q2", "a2", previous=first["id"])
    third = stored("q3", "a3", previous=second["id"])
    stored("q4", "a4", previous=first["id"])
    assert texts(conversation_items(third["id"])) == ["q1", "a1", "q2", "a2", "q3", "a3"]


def test_a_turn_that_is_gone_ends_the_conversation(stored: Stored) -> None:
    first = stored()
    second = stored(previous=first["id"])
    response_delete(first["id"])
    for response_id in (second["id"], "resp_never"):
        with pytest.raises(PreviousResponseNotFound):
            conversation_items(response_id)


@pytest.mark.parametrize("status", ["queued", "in_progress", "failed", "cancelled"])
def test_a_turn_without_an_answer_can_not_be_continued(stored: Stored, status: str) -> None:
    with pytest.raises(BadRequest, match=status):
        conversation_items(stored(status=status)["id"])


def test_a_conversation_has_bounds(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    first = stored()
    second = stored(previous=first["id"])
    monkeypatch.setattr(conversation, "MAX_TURNS", 1)
    with pytest.raises(BadRequest, match="too long"):
        conversation_items(second["id"])


def test_a_reference_is_the_item_it_names(stored: Stored) -> None:
    said = stored("q", "a")["output"][0]
    items = parsed_items([{"type": "item_reference", "id": said["id"]}, {"role": "user", "content": "u"}])
    assert texts(items_resolved(items)) == ["a", "u"]
    with pytest.raises(BadRequest) as refused:
        items_resolved(parsed_items([{"id": "msg_never"}]))
    assert refused.value.field == "input[0].id"


def test_input_items_come_in_pages_both_ways(stored: Stored) -> None:
    items = parsed_items([{"role": "user", "content": str(number)} for number in range(5)])
    response = {**stored(), "id": "resp_5"}
    response_create(response=response, input_items=items)
    page, more = input_page("resp_5", newest_first=False, after=None, limit=2)
    assert (texts(page), more) == (["0", "1"], True)
    page, more = input_page("resp_5", newest_first=False, after=page[-1]["id"], limit=3)
    assert (texts(page), more) == (["2", "3", "4"], False)
    page, more = input_page("resp_5", newest_first=True, after=items[1]["id"], limit=5)
    assert (texts(page), more) == (["0"], False)


def test_pages_of_what_is_not_there_are_refused(stored: Stored) -> None:
    with pytest.raises(ResponseNotFound):
        input_page("resp_never", newest_first=True, after=None, limit=5)
    with pytest.raises(BadRequest, match="after"):
        input_page(stored()["id"], newest_first=True, after="msg_never", limit=5)
