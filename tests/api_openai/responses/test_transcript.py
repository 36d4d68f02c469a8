"""A generation's events as a response's: each fits the SDK's types, in the order that its clients count on."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from api_openai.responses.body import ResponseBody
from api_openai.responses.envelope import new_envelope
from api_openai.responses.transcript import Look, Transcript
from inference.errors import PromptTooLong, ServerBusy, ShuttingDown
from inference.events import Event, Finished, TextDelta, ThinkingDelta, ToolCall
from inference.options import ParsedOptions
from tests.generations import FINISHED, LOGPROB

CUT = Finished(reason="length", n_prompt=7, n_cached=3, n_generated=2, prompt_seconds=0.25, decode_seconds=0.5)
CALL = ToolCall("f", '{"x": 1}')
SDK: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def transcript(**look: Any) -> Transcript:
    envelope = new_envelope(ResponseBody(model="m", input="hi"), ParsedOptions(), response_id="resp_1")
    return Transcript(envelope, Look(**look))


def told(*events: Event, **look: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """All events of a whole answer, checked, and the response at its end."""
    script = transcript(**look)
    out = [*script.begin(), *script.tell(events)]
    assert script.ended
    assert [event["sequence_number"] for event in out] == list(range(len(out)))
    for event in out:
        assert SDK.validate_python(event).type == event["type"]
    response = out[-1]["response"]
    assert response == script.response
    Response.model_validate(response)
    return out, response


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


MESSAGE = [
    "output_item.added",
    "content_part.added",
    "output_text.delta",
    "output_text.done",
    "content_part.done",
    "output_item.done",
]


def test_a_text_is_a_message_whose_events_stand_around_its_pieces() -> None:
    events, response = told(TextDelta("Hel"), TextDelta("lo"), FINISHED)
    assert kinds(events) == [
        "created", "in_progress", *MESSAGE[:3], "output_text.delta", *MESSAGE[3:], "completed",
    ]  # fmt: skip
    (message,) = response["output"]
    assert message["content"][0]["text"] == "Hello"
    assert {event["item_id"] for event in events if "item_id" in event} == {message["id"]}
    assert events[2]["item"] == message | {"status": "in_progress", "content": []}
    assert response["status"] == "completed"
    assert response["completed_at"] >= response["created_at"]


def test_the_usage_has_what_was_cached_and_what_was_thought() -> None:
    _, response = told(ThinkingDelta("hm", 1), TextDelta("so", 1), FINISHED)
    assert response["usage"] == {
        "input_tokens": 7,
        "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 0},
        "output_tokens": 2,
        "output_tokens_details": {"reasoning_tokens": 1},
        "total_tokens": 9,
    }


def test_thoughts_words_and_calls_are_items_in_their_order() -> None:
    events, response = told(ThinkingDelta("hm"), TextDelta("Wait."), CALL, CALL, FINISHED)
    assert [item["type"] for item in response["output"]] == ["reasoning", "message", "function_call", "function_call"]
    added = [event for event in events if event["type"] == "response.output_item.added"]
    assert [event["output_index"] for event in added] == [0, 1, 2, 3]
    assert len({item["id"] for item in response["output"]}) == 4
    assert kinds(events)[2:8] == [
        "output_item.added", "content_part.added", "reasoning_text.delta", "reasoning_text.done", "content_part.done",
        "output_item.done",
    ]  # fmt: skip
    assert response["output"][0]["content"] == [{"type": "reasoning_text", "text": "hm"}]


def test_a_call_is_announced_without_its_arguments() -> None:
    events, response = told(CALL, FINISHED)
    assert kinds(events)[2:6] == [
        "output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done",
    ]  # fmt: skip
    (item,) = response["output"]
    assert events[2]["item"] == item | {"arguments": "", "status": "in_progress"}
    assert (item["name"], item["arguments"], item["status"]) == ("f", '{"x": 1}', "completed")
    assert item["call_id"].startswith("call_")


def test_a_custom_tools_call_has_its_text_and_a_namespaces_its_name() -> None:
    call = ToolCall("ns.sh", '{"input": "ls -l"}')
    events, response = told(call, FINISHED, custom=frozenset(["ns.sh"]), namespaces={"ns.sh": "ns"})
    (item,) = response["output"]
    assert (item["type"], item["namespace"], item["name"], item["input"]) == ("custom_tool_call", "ns", "sh", "ls -l")
    assert kinds(events)[3:5] == ["custom_tool_call_input.delta", "custom_tool_call_input.done"]


def test_thoughts_are_their_own_summary_where_one_is_asked_for() -> None:
    events, response = told(ThinkingDelta("hm"), TextDelta("so"), FINISHED, summary=True)
    assert kinds(events)[3:7] == [
        "reasoning_summary_part.added", "reasoning_summary_text.delta", "reasoning_summary_text.done",
        "reasoning_summary_part.done",
    ]  # fmt: skip
    assert response["output"][0]["summary"] == [{"type": "summary_text", "text": "hm"}]
    assert "content" not in response["output"][0]


def test_sealed_thoughts_come_with_the_whole_item() -> None:
    events, response = told(ThinkingDelta("hm"), TextDelta("so"), FINISHED, encrypted=True)
    assert events[2]["item"]["encrypted_content"] == ""
    assert response["output"][0]["encrypted_content"].startswith("pw1.")


def test_logprobs_go_with_their_text_and_those_of_markup_with_nothing() -> None:
    markup = TextDelta("", 1, (LOGPROB,))
    events, response = told(markup, TextDelta("é", 1, (LOGPROB,)), markup, FINISHED)
    deltas = [event["logprobs"] for event in events if event["type"] == "response.output_text.delta"]
    assert [len(each) for each in deltas] == [1, 1]
    logprobs = response["output"][0]["content"][0]["logprobs"]
    assert logprobs == deltas[0] + deltas[1]
    assert logprobs[0]["top_logprobs"][1] == {"token": "�", "bytes": [255], "logprob": -1.0}


def test_an_answer_that_is_cut_is_incomplete_and_so_is_its_last_item() -> None:
    events, response = told(TextDelta("Hel"), CUT)
    assert kinds(events)[-1] == "incomplete"
    assert response["status"] == "incomplete"
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}
    assert response["completed_at"] is None
    assert response["output"][0]["status"] == "incomplete"


@pytest.mark.parametrize(("events", "types"), [
    ([FINISHED], ["message"]),
    ([CUT], ["message"]),
    ([ThinkingDelta("hm"), FINISHED], ["reasoning", "message"]),
    ([ThinkingDelta("hm"), CUT], ["reasoning"]),
    ([CALL, FINISHED], ["function_call"]),
])  # fmt: skip
def test_an_answer_of_nothing_is_an_empty_message(events: list[Event], types: list[str]) -> None:
    assert [item["type"] for item in told(*events)[1]["output"]] == types


def test_a_failure_is_told_with_what_was_written_and_once_more_for_the_sdk_to_raise() -> None:
    script = transcript()
    begun = [*script.begin(), *script.tell([TextDelta("Hel")])]
    failed, error = script.fail(ServerBusy())
    assert failed["sequence_number"] == len(begun)
    assert failed["response"]["status"] == "failed"
    assert failed["response"]["error"]["code"] == "rate_limit_exceeded"
    assert failed["response"]["output"][0]["status"] == "incomplete"
    assert error["error"]["message"] == error["message"] == str(ServerBusy())
    for event in (failed, error):
        SDK.validate_python(event)


def test_a_failure_before_the_start_begins_as_every_stream_does() -> None:
    events = transcript().fail(PromptTooLong(n_prompt=9, n_ctx=8))
    assert [event["type"] for event in events] == [
        "response.created", "response.in_progress", "response.failed", "error",
    ]  # fmt: skip
    assert [event["sequence_number"] for event in events] == [0, 1, 2, 3]
    assert events[-1]["code"] == "context_length_exceeded"
    assert events[-1]["param"] == "input"


def test_an_end_that_was_not_told_is_taken_back_by_a_failure() -> None:
    script = transcript()
    ended = [*script.begin(), *script.tell([FINISHED])]
    failed, _ = script.fail(ServerBusy())
    assert failed["sequence_number"] == ended[-1]["sequence_number"]


def test_half_an_answer_at_the_servers_end_is_no_answer() -> None:
    script = transcript()
    script.begin()
    with pytest.raises(ShuttingDown):
        script.tell([Finished("shutdown", 1, 0, 1, 0.0, 0.0)])


def test_in_the_background_it_is_queued_first_and_may_be_cancelled() -> None:
    script = transcript()
    assert kinds(script.queue()) == ["created", "queued"]
    assert kinds(script.begin()) == ["in_progress"]
    script.tell([TextDelta("Hel")])
    script.cancel()
    assert script.response["status"] == "cancelled"
    assert script.response["output"][0]["content"][0]["text"] == "Hel"
