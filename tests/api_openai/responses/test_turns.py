"""Items as the engine's messages."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from api_openai.responses.items import parsed_items
from api_openai.responses.sealed import sealed
from api_openai.responses.turns import engine_messages
from inference.request import Message
from power_site.http import BadRequest

THOUGHTS = {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "hm"}]}


def call(name: str = "f", call_id: str = "c1", **fields: Any) -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": '{"x": 1}', **fields}


def output(text: Any = "fine", call_id: str = "c1") -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": text}


async def messages(*items: Any, instructions: str | None = None, **fields: Any) -> list[Message]:
    given = {"n_earlier": 0} | fields
    return await engine_messages(parsed_items(items), instructions=instructions, **given)


async def test_instructions_stand_before_everything() -> None:
    first, second, _ = await messages(
        {"role": "developer", "content": "d"}, {"role": "user", "content": "u"}, instructions="i"
    )
    assert [(first.role, first.content), (second.role, second.content)] == [("system", "i"), ("system", "d")]


async def test_thoughts_words_and_calls_of_one_turn_are_one_message() -> None:
    words = {"role": "assistant", "content": "wait"}
    said, result = await messages(THOUGHTS, words, call(), call("g", "c2"), output())
    assert (said.thinking, said.content) == ("hm", "wait")
    assert [each["function"] for each in said.tool_calls] == [
        {"name": "f", "arguments": {"x": 1}},
        {"name": "g", "arguments": {"x": 1}},
    ]
    assert (result.role, result.content, result.tool_call_id, result.tool_name) == ("tool", "fine", "c1", "f")


async def test_what_is_said_beside_calls_stays_before_their_results() -> None:
    said, result = await messages(call(), {"role": "assistant", "content": "wait"}, output())
    assert (said.content, len(said.tool_calls), result.role) == ("wait", 1, "tool")


async def test_words_after_words_are_a_turn_of_their_own() -> None:
    assert [each.content for each in await messages(*[{"role": "assistant", "content": text} for text in "ab"])] == [
        "a",
        "b",
    ]


async def test_thoughts_that_led_to_nothing_yet_are_a_turn() -> None:
    _, last = await messages({"role": "user", "content": "u"}, THOUGHTS)
    assert (last.role, last.thinking, last.content) == ("assistant", "hm", "")


async def test_sealed_thoughts_are_read_and_foreign_ones_only_beside_readable_ones() -> None:
    mine = {"type": "reasoning", "encrypted_content": sealed("hm")}
    assert (await messages(mine))[0].thinking == "hm"
    summed = {"type": "reasoning", "encrypted_content": "gAAAA", "summary": [{"type": "summary_text", "text": "so"}]}
    assert (await messages(summed))[0].thinking == "so"
    with pytest.raises(BadRequest) as refused:
        await messages({"type": "reasoning", "encrypted_content": "gAAAA"})
    assert refused.value.field == "input[0].encrypted_content"


async def test_thoughts_before_the_last_question_can_be_left_out() -> None:
    turns = [THOUGHTS, {"role": "assistant", "content": "a"}, {"role": "user", "content": "u"}, THOUGHTS, call()]
    assert [each.thinking for each in await messages(*turns)] == ["hm", "", "hm"]
    assert [each.thinking for each in await messages(*turns, forget_thoughts=True)] == ["", "", "hm"]


async def test_a_namespaces_tool_and_a_custom_one_are_called_as_functions() -> None:
    custom = {"type": "custom_tool_call", "call_id": "c2", "name": "sh", "input": "ls"}
    (said,) = await messages(call(namespace="crm"), custom)
    assert [each["function"] for each in said.tool_calls] == [
        {"name": "crm.f", "arguments": {"x": 1}},
        {"name": "sh", "arguments": {"input": "ls"}},
    ]


@pytest.mark.parametrize(
    ("items", "named"),
    [
        ([output()], "input[0].call_id"),
        ([call(), output(call_id="c9")], "input[1].call_id"),
        ([call(arguments="[]")], "input[0].arguments"),
        ([call(arguments="{")], "input[0].arguments"),
    ],
)
async def test_what_fits_nothing_is_refused_by_its_place(items: list[Any], named: str) -> None:
    with pytest.raises(BadRequest) as refused:
        await messages(*items)
    assert refused.value.field == named


async def test_places_count_from_the_requests_own_items() -> None:
    with pytest.raises(BadRequest) as refused:
        await messages(call(), output(), output(call_id="c9"), n_earlier=2)
    assert refused.value.field == "input[0].call_id"


async def test_parts_are_separate_and_files_stand_where_they_were_sent() -> None:
    data = base64.b64encode(b"png").decode()
    parts = [
        {"type": "input_text", "text": "one"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{data}"},
        {"type": "input_text", "text": "two"},
        {"type": "input_file", "filename": "n.txt", "file_data": base64.b64encode(b"drei").decode()},
    ]
    (said,) = await messages({"role": "user", "content": parts})
    assert said.images == (b"png",)
    assert said.content.replace("[img]", "") == "onetwo\nn.txt:\ndrei"


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_image", "image_url": "data:image/png,abc"},
        {"type": "input_image", "image_url": "data:image/png;base64,?"},
        {"type": "input_image", "image_url": "ftp://x/y"},
        {"type": "input_audio", "input_audio": {"data": "?", "format": "wav"}},
        {"type": "input_file", "file_data": base64.b64encode(b"%PDF-1.7").decode()},
        {"type": "input_file", "file_data": base64.b64encode(b"\xff\x00").decode()},
    ],
    ids=lambda part: str(part)[:50],
)
async def test_a_file_that_can_not_be_read_is_refused_by_its_place(part: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as refused:
        await messages({"role": "user", "content": [part]})
    assert (refused.value.field or "").startswith("input[0].content[0].")
