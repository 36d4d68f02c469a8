"""`client.messages` against a real model that knows neither tools nor thoughts nor images."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic
from anthropic.types import Message, MessageTokensCount, RawMessageStreamEvent
from conftest import HELLO, MODEL
from pydantic import BaseModel, Field, TypeAdapter

EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
CITY = {"type": "string", "maxLength": 12}
WEATHER: Any = {
    "name": "get_weather",
    "description": "Weather of a city",
    "input_schema": {"type": "object", "properties": {"city": CITY}, "required": ["city"]},
}
CLOCK: Any = {"name": "clock", "description": "The time", "input_schema": {"type": "object", "properties": {}}}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def ask(client: Anthropic, **fields: Any) -> Any:
    settings: dict[str, Any] = {"model": MODEL, "messages": HELLO, "max_tokens": 12, "extra_body": {"temperature": 0}}
    return client.messages.create(**(settings | fields))


def text_of(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def test_a_message_is_what_the_sdk_expects_to_the_letter(client: Anthropic) -> None:
    raw = client.messages.with_raw_response.create(model=MODEL, messages=HELLO, max_tokens=12)
    message = Message.model_validate_json(raw.text(), strict=False)
    assert (message.type, message.role, message.model) == ("message", "assistant", MODEL)
    assert message.id.startswith("msg_")
    assert message.content[0].type == "text"
    assert message.stop_reason in ("end_turn", "max_tokens")
    assert 0 < message.usage.output_tokens <= 12
    assert raw.headers["request-id"]


def test_every_event_of_a_stream_is_what_the_sdk_expects(client: Anthropic) -> None:
    kinds = []
    with client.messages.with_streaming_response.create(
        model=MODEL, messages=HELLO, max_tokens=12, stream=True
    ) as response:
        for line in response.iter_lines():
            if line.startswith("data: "):
                data = json.loads(line.removeprefix("data: "))
                kinds.append(data["type"])
                if data["type"] != "ping":
                    EVENT.validate_python(data)
    deltas = [kind for kind in kinds if kind == "content_block_delta"]
    order = ["message_start", "content_block_start", *deltas, "content_block_stop", "message_delta", "message_stop"]
    assert [kind for kind in kinds if kind != "ping"] == order


def test_the_stream_helper_puts_together_what_a_whole_answer_says(client: Anthropic) -> None:
    options = {"temperature": 0, "options": {"seed": 1}}
    whole = ask(client, extra_body=options)
    with client.messages.stream(model=MODEL, messages=HELLO, max_tokens=12, extra_body=options) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
    assert len(pieces) > 1
    assert "".join(pieces) == text_of(final) == text_of(whole)
    assert final.stop_reason == whole.stop_reason
    assert (final.usage.input_tokens, final.usage.output_tokens) == (
        whole.usage.input_tokens,
        whole.usage.output_tokens,
    )


TALK: list[Any] = [
    {"role": "user", "content": [{"type": "text", "text": "Weather in Paris?"}]},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "They want weather.", "signature": "x"},
            {"type": "text", "text": "I'll look."},
            {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Paris"}},
        ],
    },
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "Sunny, 20 C"}]},
]


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": HELLO},
        {"messages": HELLO, "system": [{"type": "text", "text": "Be brief."}]},
        {"messages": TALK, "tools": [WEATHER, CLOCK]},
        {"messages": [*HELLO, {"role": "assistant", "content": "Hello,"}]},
    ],
    ids=["text", "system", "tools", "prefill"],
)
def test_tokens_are_counted_as_they_are_read(client: Anthropic, fields: dict[str, Any]) -> None:
    counted = client.messages.count_tokens(model=MODEL, **fields)
    assert isinstance(counted, MessageTokensCount)
    assert counted.input_tokens == ask(client, **fields).usage.input_tokens
    with client.messages.stream(model=MODEL, max_tokens=2, **fields) as stream:
        start = next(iter(stream))
        assert start.type == "message_start"
        assert start.message.usage.input_tokens == counted.input_tokens


def test_who_marks_the_cache_is_told_what_was_read_from_it(client: Anthropic) -> None:
    system: Any = [{"type": "text", "text": "You are terse. " * 40, "cache_control": {"type": "ephemeral"}}]
    total = client.messages.count_tokens(model=MODEL, messages=HELLO, system=system).input_tokens
    for _ in range(2):
        usage = ask(client, system=system).usage
        assert usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens == total
    assert usage.cache_read_input_tokens > 100


def test_the_stop_sequence_that_ended_an_answer_is_named(client: Anthropic) -> None:
    whole = text_of(ask(client, max_tokens=24))
    stop = whole[4:8]
    stopped = ask(client, max_tokens=24, stop_sequences=["never in there", stop])
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", stop)
    assert text_of(stopped) == whole[: whole.index(stop)]


def test_no_tokens_warm_the_cache_and_answer_nothing(client: Anthropic) -> None:
    message = ask(client, max_tokens=0)
    assert (message.content, message.stop_reason, message.usage.output_tokens) == ([], "max_tokens", 0)


def test_an_answer_at_the_contexts_end_says_so(client: Anthropic) -> None:
    body = {"temperature": 0, "options": {"num_ctx": 256}, "stop_sequences": []}
    long: list[Any] = [{"role": "user", "content": "Count up from one: " + "1 2 3 4 5 6 7 8 9 " * 12}]
    message = ask(client, messages=long, max_tokens=4000, extra_body=body)
    assert message.stop_reason in ("model_context_window_exceeded", "end_turn")
    if message.stop_reason != "end_turn":
        assert message.usage.input_tokens + message.usage.output_tokens == 256


def test_a_prefill_is_continued(client: Anthropic) -> None:
    message = ask(client, messages=[*HELLO, {"role": "assistant", "content": "Hello and good"}], max_tokens=3)
    assert text_of(message)
    assert not text_of(message).startswith("Hello and good")


def test_a_tool_is_called_its_result_taken_and_an_answer_given(client: Anthropic) -> None:
    asked: list[Any] = [{"role": "user", "content": "What is the weather in Paris?"}]
    first = ask(client, messages=asked, tools=[WEATHER], tool_choice={"type": "any"}, max_tokens=60)
    assert first.stop_reason == "tool_use"
    (call,) = [block for block in first.content if block.type == "tool_use"]
    assert call.name == "get_weather"
    assert call.id.startswith("toolu_")
    assert set(call.input) == {"city"}
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "Sunny."}]}
    talk = [*asked, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    second = ask(client, messages=talk, tools=[WEATHER], tool_choice={"type": "none"})
    assert second.content[0].type == "text"


def test_a_named_tool_is_the_one_that_is_called_also_in_a_stream(client: Anthropic) -> None:
    with client.messages.stream(
        model=MODEL,
        messages=HELLO,
        max_tokens=60,
        tools=[WEATHER, CLOCK],
        tool_choice={"type": "tool", "name": "clock", "disable_parallel_tool_use": True},
    ) as stream:
        final = stream.get_final_message()
    assert [(block.type, block.name, block.input) for block in final.content] == [("tool_use", "clock", {})]
    assert final.stop_reason == "tool_use"


class Person(BaseModel):
    name: str = Field(max_length=12)
    age: int = Field(ge=0, le=150)


def test_a_structured_answer_is_parsed(client: Anthropic) -> None:
    asked: Any = [{"role": "user", "content": "Ann is 41."}]
    schema = Person.model_json_schema() | {"additionalProperties": False}
    given = ask(
        client,
        messages=asked,
        max_tokens=96,
        output_config={"format": {"type": "json_schema", "schema": schema}},
    )
    assert given.stop_reason == "end_turn"
    Person.model_validate_json(text_of(given))


def test_parse_gives_what_pydantic_describes(client: Anthropic) -> None:
    class Size(BaseModel):
        size: bool

    message = client.messages.parse(
        model=MODEL, max_tokens=96, messages=HELLO, output_format=Size, extra_body={"temperature": 0}
    )
    assert isinstance(message.parsed_output, Size)


def test_a_model_that_can_not_think_answers_all_the_same(client: Anthropic) -> None:
    message = ask(client, thinking={"type": "adaptive"}, output_config={"effort": "low"})
    assert [block.type for block in message.content] == ["text"]


def test_a_model_of_text_refuses_images(client: Anthropic) -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    with pytest.raises(anthropic.BadRequestError, match="image input"):
        ask(client, messages=[{"role": "user", "content": [image]}])


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"model": "nope"}, anthropic.NotFoundError, "nope"),
        ({"messages": []}, anthropic.BadRequestError, "messages is required"),
        ({"max_tokens": -1}, anthropic.BadRequestError, "max_tokens is required"),
        ({"messages": [{"role": "user", "content": "x " * 9000}]}, anthropic.BadRequestError, "prompt is too long: "),
        ({"tools": [{"type": "web_search_20250305", "name": "w"}]}, anthropic.BadRequestError, "web_search_20250305"),
        ({"extra_body": {"temperature": -1}}, anthropic.BadRequestError, "temperature"),
    ],
)
def test_errors_become_the_sdks_exceptions(
    client: Anthropic, fields: dict[str, Any], kind: type[anthropic.APIStatusError], says: str
) -> None:
    with pytest.raises(kind) as caught:
        ask(client, **fields)
    body: Any = caught.value.body
    assert body["type"] == "error"
    assert says in body["error"]["message"]
    assert caught.value.request_id == body["request_id"]


def test_leaving_a_stream_leaves_the_server_ready(client: Anthropic) -> None:
    stream = ask(client, stream=True, max_tokens=2000)
    assert len(list(islice(stream, 4))) == 4
    stream.close()
    assert text_of(ask(client))


def test_models_are_listed_page_by_page(client: Anthropic) -> None:
    pages = [model.id for model in client.models.list(limit=1)]
    assert MODEL in pages
    info = client.models.retrieve(MODEL)
    assert (info.type, info.lifecycle) == ("model", "active")
    assert info.capabilities is not None
    assert not info.capabilities.thinking.supported
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("team/nope:v1")
