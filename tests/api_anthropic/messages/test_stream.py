"""api_anthropic.messages: events streamed and whole, as the SDK puts them together."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from api_anthropic.messages import schema
from api_anthropic.messages.reply import Reply
from api_anthropic.messages.signature import thoughts
from api_anthropic.messages.stream import PING, MessageEncoder
from api_anthropic.messages.whole import whole_message
from inference.errors import ServerBusy, ShuttingDown, WorkerCrashed
from inference.events import Event, Finished, TextDelta, ThinkingDelta, ToolCall
from power_site.http import convert
from power_site.streams import StreamBody
from tests.generations import FINISHED, STARTED, generation, texts

REPLY = Reply(model="M", max_tokens=100)
CALL = ToolCall(name="f", arguments='{"a": [1, "x"]}')
BATCHES: list[Sequence[Event]] = [
    [ThinkingDelta("Hm", 3)],
    [ThinkingDelta("!", 1), TextDelta("He")],
    [TextDelta('l"lo'), CALL],
    [CALL, TextDelta("Done.")],
    [FINISHED],
]


async def events_of(
    *batches: Sequence[Event], reply: Reply = REPLY, error: Exception | None = None
) -> list[dict[str, Any]]:
    """The data of each event; its name has to be the data's type."""
    encoder = MessageEncoder(reply)
    encoder.begin(STARTED)
    text = b"".join([chunk async for chunk in StreamBody(generation(*batches, error=error), encoder)]).decode()
    assert text.endswith("\n\n")
    found = []
    for piece in text.removesuffix("\n\n").split("\n\n"):
        name, data = piece.split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found


async def whole_of(*batches: Sequence[Event], reply: Reply = REPLY) -> dict[str, Any]:
    return await whole_message(generation(*batches), reply)


def put_together(events: list[dict[str, Any]]) -> dict[str, Any]:
    """What the SDK's accumulator makes of the events (anthropic.lib.streaming)."""
    message: dict[str, Any] = {}
    arguments = ""
    for event in events:
        match event["type"]:
            case "message_start":
                message = event["message"]
            case "content_block_start":
                assert event["index"] == len(message["content"])
                message["content"].append(event["content_block"])
                arguments = ""
            case "content_block_delta":
                block, delta = message["content"][event["index"]], event["delta"]
                match delta["type"]:
                    case "text_delta":
                        block["text"] += delta["text"]
                    case "thinking_delta":
                        block["thinking"] += delta["thinking"]
                    case "signature_delta":
                        block["signature"] = delta["signature"]
                    case "input_json_delta":
                        arguments += delta["partial_json"]
                        block["input"] = json.loads(arguments)
            case "message_delta":
                message |= event["delta"]
                message["usage"] |= event["usage"]
    return message


def without_ids(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "content": [{**block, "id": ""} for block in message["content"]]}


async def test_a_text_streams_in_anthropics_order() -> None:
    kinds = [event["type"] for event in await events_of(*texts("He", "llo"))]
    deltas = ["content_block_delta"] * 2
    opening = ["message_start", "content_block_start"]
    assert kinds == [*opening, *deltas, "content_block_stop", "message_delta", "message_stop"]


async def test_blocks_come_one_after_another_in_the_order_of_the_model() -> None:
    events = await events_of(*BATCHES)
    open_block: int | None = None
    for event in events:
        if event["type"] == "content_block_start":
            assert open_block is None
            open_block = event["index"]
        elif event["type"] in ("content_block_delta", "content_block_stop"):
            assert event["index"] == open_block
            open_block = None if event["type"] == "content_block_stop" else open_block
    kinds = [event["content_block"]["type"] for event in events if event["type"] == "content_block_start"]
    assert kinds == ["thinking", "text", "tool_use", "tool_use", "text"]


@pytest.mark.parametrize("shows_thinking", [True, False])
async def test_what_streams_adds_up_to_the_whole_message(shows_thinking: bool) -> None:
    reply = dataclasses.replace(REPLY, shows_thinking=shows_thinking)
    whole, streamed = await whole_of(*BATCHES, reply=reply), put_together(await events_of(*BATCHES, reply=reply))
    assert without_ids(streamed) == without_ids(whole)


async def test_answers_are_what_their_types_say() -> None:
    for event in await events_of(*BATCHES):
        assert any(_fits(event, kind) for kind in schema.EVENTS), event
    convert(json.loads(orjson.dumps(await whole_of(*BATCHES))), schema.AnthropicMessage)


def _fits(event: dict[str, Any], kind: type) -> bool:
    return kind.__struct_config__.tag == event["type"] and convert(event, kind) is not None  # type: ignore[attr-defined]


async def test_edits_of_the_context_are_told_at_both_ends_of_a_stream() -> None:
    reply = dataclasses.replace(REPLY, edits=())
    start, *_, delta, _ = await events_of(*BATCHES, reply=reply)
    assert start["message"]["context_management"] == delta["context_management"] == {"applied_edits": []}
    convert(delta, schema.MessageDelta)


async def test_calls_have_ids_of_their_own_and_their_input_as_an_object() -> None:
    calls = [block for block in (await whole_of(*BATCHES))["content"] if block["type"] == "tool_use"]
    assert len({call["id"] for call in calls}) == 2
    assert all(call["id"].startswith("toolu_") and call["input"] == {"a": [1, "x"]} for call in calls)


async def test_thoughts_are_signed_and_come_back_even_where_they_were_not_shown() -> None:
    for shown in (True, False):
        reply = dataclasses.replace(REPLY, shows_thinking=shown)
        block = (await whole_of(*BATCHES, reply=reply))["content"][0]
        assert block["thinking"] == ("Hm!" if shown else "")
        assert block["signature"]
        assert thoughts(block["thinking"], block["signature"]) == "Hm!"


def finished(**fields: Any) -> Finished:
    return replace(FINISHED, **fields)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ([finished()], ("end_turn", None)),
        ([CALL, finished()], ("tool_use", None)),
        ([finished(reason="length", n_generated=100)], ("max_tokens", None)),
        ([CALL, finished(reason="length", n_generated=100)], ("max_tokens", None)),
        ([finished(reason="length", n_generated=99)], ("model_context_window_exceeded", None)),
        ([finished(stop_sequence="END")], ("stop_sequence", "END")),
        ([finished(reason="length", n_generated=9, stop_sequence="END")], ("stop_sequence", "END")),
        ([finished(stop_sequence="<|im_end|>")], ("end_turn", None)),
    ],
)
async def test_why_an_answer_ended_is_told_truly(last: list[Event], expected: tuple[str, str | None]) -> None:
    reply = dataclasses.replace(REPLY, stop_sequences=("END",))
    whole = await whole_of([TextDelta("a")], last, reply=reply)
    assert (whole["stop_reason"], whole["stop_sequence"]) == expected
    *_, delta, _ = await events_of([TextDelta("a")], last, reply=reply)
    assert (delta["delta"]["stop_reason"], delta["delta"]["stop_sequence"]) == expected


def test_a_call_that_takes_long_is_no_silence() -> None:
    encoder = MessageEncoder(REPLY)
    encoder.begin(STARTED)
    assert encoder.encode([]) == PING
    assert encoder.encode([TextDelta("a")]).startswith(b"event: message_start")
    assert encoder.encode([]) == PING


async def test_an_answer_of_nothing_has_no_blocks() -> None:
    events = await events_of([FINISHED])
    assert [event["type"] for event in events] == ["message_start", "message_delta", "message_stop"]
    assert (await whole_of([FINISHED]))["content"] == []


@pytest.mark.parametrize(("caches", "expected"), [(False, (7, 0)), (True, (4, 3))])
async def test_cached_tokens_count_apart_where_the_request_marks_any(caches: bool, expected: tuple[int, int]) -> None:
    reply = dataclasses.replace(REPLY, caches=caches)
    start, *_, delta, _ = await events_of(*BATCHES, reply=reply)
    for usage in (start["message"]["usage"], delta["usage"], (await whole_of(*BATCHES, reply=reply))["usage"]):
        assert (usage["input_tokens"], usage["cache_read_input_tokens"]) == expected
        assert usage["cache_creation_input_tokens"] == 0
    assert (delta["usage"]["output_tokens"], delta["usage"]["output_tokens_details"]) == (2, {"thinking_tokens": 4})


@pytest.mark.parametrize(
    ("error", "kind"), [(WorkerCrashed("killed"), "api_error"), (ServerBusy(), "overloaded_error")]
)
async def test_a_failure_after_the_first_event_is_an_error_event(error: Exception, kind: str) -> None:
    *_, last = await events_of([TextDelta("a")], error=error)
    assert (last["type"], last["error"]) == ("error", {"type": kind, "message": str(error)})


async def test_half_an_answer_is_an_error() -> None:
    half = finished(reason="shutdown")
    *_, last = await events_of([TextDelta("a")], [half])
    assert last["error"]["type"] == "overloaded_error"
    with pytest.raises(ShuttingDown):
        await whole_of([TextDelta("a")], [half])
