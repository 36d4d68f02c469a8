"""Input items: filled in, and refused by their place."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.responses.response_item import ResponseItem
from pydantic import TypeAdapter

from api_openai.responses.items import n_media_in, parsed_items
from power_site.http import BadRequest

CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}


def test_a_text_is_a_message_of_the_users() -> None:
    (item,) = parsed_items("hi")
    assert item.pop("id").startswith("msg_")
    assert item == {
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_text", "text": "hi"}],
    }


def test_what_has_an_id_keeps_it_and_what_has_none_gets_one() -> None:
    mine, other = parsed_items([{**CALL, "id": "fc_mine"}, CALL])
    assert (mine["id"], mine["status"]) == ("fc_mine", "completed")
    assert other["id"].startswith("fc_")


def test_an_assistants_words_are_output_and_an_id_alone_is_a_reference() -> None:
    said, reference = parsed_items([{"role": "assistant", "content": "hi"}, {"id": "msg_1"}])
    assert said["content"] == [{"type": "output_text", "text": "hi", "annotations": []}]
    assert reference == {"type": "item_reference", "id": "msg_1"}


@pytest.mark.parametrize(
    "item",
    [
        {"role": "user", "content": "hi"},
        {"role": "developer", "content": [{"type": "input_text", "text": "hi"}]},
        {"role": "assistant", "content": "hi"},
        {"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]},
        CALL,
        {"type": "function_call_output", "call_id": "c1", "output": "fine"},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "fine"}]},
        {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "hm"}]},
        {"type": "custom_tool_call", "call_id": "c1", "name": "f", "input": ""},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "fine"},
    ],
    ids=lambda item: str(item.get("type", item.get("role"))),
)
def test_an_item_as_it_is_listed_is_one_of_the_sdks(item: dict[str, Any]) -> None:
    kinds: TypeAdapter[Any] = TypeAdapter(ResponseItem)
    assert kinds.validate_python(parsed_items([item])[0]).type


@pytest.mark.parametrize(
    ("item", "named"),
    [
        ("hi", "input[0]"),
        ({"type": "computer_call"}, "input[0].type"),
        ({"type": ["x"]}, "input[0].type"),
        ({"role": "robot", "content": ""}, "input[0].role"),
        ({"role": "user"}, "input[0].content"),
        ({"role": "user", "content": ["hi"]}, "input[0].content[0]"),
        ({"role": "user", "content": [{"type": "input_text"}]}, "input[0].content[0].text"),
        ({"role": "user", "content": [{"type": "movie"}]}, "input[0].content[0].type"),
        ({"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}, "input[0].content[0].file_id"),
        ({"role": "user", "content": [{"type": "input_file", "file_url": "u"}]}, "input[0].content[0].file_url"),
        ({**CALL, "call_id": ""}, "input[0].call_id"),
        ({**CALL, "id": 7}, "input[0].id"),
        ({"type": "function_call_output", "call_id": "c1"}, "input[0].output"),
        ({"type": "reasoning", "summary": "hm"}, "input[0].summary"),
        ({"type": "item_reference"}, "input[0].id"),
        ({}, "input[0].id"),
    ],
)
def test_what_is_no_item_is_refused_by_its_place(item: Any, named: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parsed_items([item])
    assert refused.value.field == named


def test_images_are_counted_where_they_may_stand() -> None:
    image = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
    output = {"type": "function_call_output", "call_id": "c1", "output": [image]}
    assert n_media_in(parsed_items([{"role": "user", "content": [image, image]}, CALL, output])) == 3
