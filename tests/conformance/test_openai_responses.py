"""/v1/responses by the `openai` Python SDK against a live server and a real model."""

from __future__ import annotations

import time
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from tests.conformance.conftest import MODEL

pytestmark = [pytest.mark.slow, pytest.mark.real_model, pytest.mark.timeout(300)]

WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
        "required": ["city", "unit"],
        "additionalProperties": False,
    },
    "strict": True,
}
EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


class Person(BaseModel):
    name: str
    age: int


def ask(sdk: OpenAI, **fields: Any) -> Any:
    settings = {"model": MODEL, "input": "Say hello.", "max_output_tokens": 12, "temperature": 0} | fields
    return sdk.responses.create(**settings)


def fits(response: Response) -> Response:
    """The SDK builds its objects without a look at them; this one looks."""
    return Response.model_validate(response.to_dict(), strict=True)


def test_an_answer_has_text_and_its_usage(sdk: OpenAI) -> None:
    answer = fits(ask(sdk))
    assert answer.output_text
    assert answer.status in ("completed", "incomplete")
    assert answer.usage is not None
    assert 0 < answer.usage.output_tokens <= 12
    assert answer.usage.input_tokens + answer.usage.output_tokens == answer.usage.total_tokens


def test_a_stream_is_the_answer_in_events_that_fit_the_sdks_types(sdk: OpenAI) -> None:
    seeded: Any = {"extra_body": {"seed": 1}}
    whole = ask(sdk, **seeded)
    events = [EVENTS.validate_python(event.to_dict()) for event in ask(sdk, **seeded, stream=True)]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events[:4]] == [
        "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
    ]  # fmt: skip
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == whole.output_text
    assert events[-1].type == f"response.{whole.status}"
    assert events[-1].response.usage.output_tokens == whole.usage.output_tokens


def test_the_sdks_helper_gathers_a_stream(sdk: OpenAI) -> None:
    with sdk.responses.stream(model=MODEL, input="Say hello.", temperature=0, text_format=Person) as stream:
        pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert "".join(pieces) == final.output_text
    assert isinstance(final.output_parsed, Person)


def test_an_answer_is_parsed_into_a_model(sdk: OpenAI) -> None:
    answer = sdk.responses.parse(model=MODEL, input="Tom is 12 years old.", text_format=Person, temperature=0)
    assert isinstance(answer.output_parsed, Person)


def test_a_tool_is_called_and_answered(sdk: OpenAI) -> None:
    once: Any = {"tool_choice": "required", "parallel_tool_calls": False, "max_output_tokens": 100}
    asked = ask(sdk, input="Weather in Paris?", tools=[WEATHER], **once)
    (call,) = fits(asked).output
    assert call.type == "function_call"
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny, 20 °C"}
    for more in (
        {"previous_response_id": asked.id, "input": [result]},
        {"store": False, "input": [{"role": "user", "content": "Weather in Paris?"}, call, result]},
    ):
        answer = ask(sdk, tools=[WEATHER], tool_choice="none", **more)
        assert fits(answer).output[-1].type == "message"


def test_a_conversation_goes_on_and_finds_itself_in_the_cache(sdk: OpenAI) -> None:
    first = ask(sdk, instructions="Answer briefly.")
    second = ask(sdk, instructions="Answer briefly.", input="And again.", previous_response_id=first.id)
    assert second.usage.input_tokens > first.usage.input_tokens
    assert second.usage.input_tokens_details.cached_tokens > first.usage.input_tokens
    assert sdk.responses.retrieve(second.id) == second
    (item,) = sdk.responses.input_items.list(second.id)
    assert item.type == "message"
    assert item.content[0].to_dict() == {"type": "input_text", "text": "And again."}


def test_input_items_are_listed_page_by_page(sdk: OpenAI) -> None:
    talk: Any = [{"role": "user", "content": str(number)} for number in range(5)]
    answer = ask(sdk, input=talk, max_output_tokens=1)
    listed = list(sdk.responses.input_items.list(answer.id, order="asc", limit=2))
    assert [item.content[0].text for item in listed] == ["0", "1", "2", "3", "4"]


def test_what_was_deleted_is_gone(sdk: OpenAI) -> None:
    answer = ask(sdk)
    sdk.responses.delete(answer.id)
    with pytest.raises(openai.NotFoundError):
        sdk.responses.retrieve(answer.id)
    with pytest.raises(openai.BadRequestError) as refused:
        ask(sdk, previous_response_id=answer.id)
    assert refused.value.code == "previous_response_not_found"


def test_a_prompts_tokens_are_counted_exactly(sdk: OpenAI) -> None:
    asked: Any = {"input": "Weather?", "instructions": "Be brief.", "tools": [WEATHER]}
    counted = sdk.responses.input_tokens.count(model=MODEL, **asked)
    assert counted.input_tokens == ask(sdk, **asked, max_output_tokens=1).usage.input_tokens


def test_logprobs_come_for_those_who_include_them(sdk: OpenAI) -> None:
    answer = ask(sdk, include=["message.output_text.logprobs"], top_logprobs=2, max_output_tokens=3)
    (part,) = fits(answer).output[0].content
    assert len(part.logprobs) == 3
    assert "".join(bytes(one.bytes).decode() for one in part.logprobs) == part.text
    assert all(len(one.top_logprobs) == 2 for one in part.logprobs)


def test_a_background_response_is_polled_to_its_end(sdk: OpenAI) -> None:
    begun = ask(sdk, background=True, input="Count to twenty.", max_output_tokens=30)
    assert begun.status == "queued"
    deadline = time.monotonic() + 120
    while (answer := sdk.responses.retrieve(begun.id)).status in ("queued", "in_progress"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert fits(answer).status in ("completed", "incomplete")
    assert answer.output_text


def test_a_background_response_is_cancelled(sdk: OpenAI) -> None:
    begun = ask(sdk, background=True, input="Write a long story.", max_output_tokens=1500, temperature=1)
    cancelled = sdk.responses.cancel(begun.id)
    assert fits(cancelled).status == "cancelled"
    assert sdk.responses.retrieve(begun.id).status == "cancelled"


def test_a_background_stream_goes_on_where_its_reader_left_it(sdk: OpenAI) -> None:
    with ask(sdk, background=True, stream=True, input="Count to ten.", max_output_tokens=20) as stream:
        seen = [next(iter(stream)) for _ in range(5)]
    response_id = seen[0].response.id
    rest = list(sdk.responses.retrieve(response_id, stream=True, starting_after=seen[-1].sequence_number))
    assert [event.sequence_number for event in rest] == list(range(5, 5 + len(rest)))
    assert rest[-1].response.to_dict() == sdk.responses.retrieve(response_id).to_dict()


def test_errors_are_the_sdks_own_classes(sdk: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        ask(sdk, model="nobody/has:this")
    with pytest.raises(openai.BadRequestError) as refused:
        ask(sdk, tools=[{"type": "web_search"}])
    assert refused.value.param == "tools[0].type"
    with pytest.raises(openai.BadRequestError) as too_long:
        ask(sdk, input="word " * 20_000)
    assert (too_long.value.code, too_long.value.param) == ("context_length_exceeded", "input")
