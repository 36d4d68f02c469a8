"""The `openai` Python SDK's own tools on chats: `.parse()`, `.stream()`, a loop of tools, formats, exceptions."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

import jsonschema
import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel, Field

from tests.conformance.conftest import MODEL

pytestmark = [pytest.mark.slow, pytest.mark.real_model, pytest.mark.timeout(300)]

QUESTION: list[Any] = [{"role": "user", "content": "What is the weather in Paris for 3 days?"}]
HELLO: list[Any] = [{"role": "user", "content": "Say hello."}]
END = [".", ",", "!", "?", "\n"]  # the helper raises where an answer is cut
PARAMETERS = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "maxLength": 20},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        "days": {"type": "integer", "minimum": 1, "maximum": 7},
    },
    "required": ["city", "unit", "days"],
    "additionalProperties": False,
}
WEATHER: Any = {"type": "function", "function": {"name": "get_weather", "strict": True, "parameters": PARAMETERS}}
CLOCK: Any = {"type": "function", "function": {"name": "clock", "description": "The time"}}


class Person(BaseModel):
    name: str = Field(max_length=20)
    age: int = Field(ge=0, le=120)
    mood: Literal["good", "bad"]


def ask(sdk: OpenAI, **fields: Any) -> Any:
    settings: dict[str, Any] = {"model": MODEL, "messages": QUESTION, "max_tokens": 120, "temperature": 0} | fields
    return sdk.chat.completions.create(**settings)


def test_parse_gives_what_the_class_describes(sdk: OpenAI) -> None:
    answer = sdk.chat.completions.parse(
        model=MODEL,
        messages=[{"role": "user", "content": "Invent a person."}],
        response_format=Person,
        temperature=1.2,
        max_tokens=200,
    )
    person = answer.choices[0].message.parsed
    assert isinstance(person, Person)
    assert answer.choices[0].finish_reason == "stop"


def test_parse_reads_the_arguments_of_a_strict_tool(sdk: OpenAI) -> None:
    tool = openai.pydantic_function_tool(Person, name="save_person")
    answer = sdk.chat.completions.parse(
        model=MODEL, messages=QUESTION, tools=[tool], tool_choice="required", parallel_tool_calls=False, max_tokens=200
    )
    (call,) = answer.choices[0].message.tool_calls or []
    assert isinstance(call.function.parsed_arguments, Person)


def test_parse_raises_where_an_answer_was_cut(sdk: OpenAI) -> None:
    with pytest.raises(openai.LengthFinishReasonError):
        sdk.chat.completions.parse(model=MODEL, messages=QUESTION, response_format=Person, max_tokens=3)


def test_the_stream_helper_ends_with_the_whole_answer(sdk: OpenAI) -> None:
    fields: dict[str, Any] = {"messages": HELLO, "max_tokens": 100, "stop": END, "temperature": 0}
    with sdk.chat.completions.stream(
        model=MODEL, logprobs=True, stream_options={"include_usage": True}, **fields
    ) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done", "logprobs.content.delta"} <= kinds
    whole = ask(sdk, logprobs=True, **fields)
    assert final.choices[0].message.content == whole.choices[0].message.content
    assert final.usage is not None
    assert final.usage.completion_tokens == whole.usage.completion_tokens
    logprobs = final.choices[0].logprobs
    assert logprobs is not None
    assert [one.token for one in logprobs.content or []] == [one.token for one in whole.choices[0].logprobs.content]


def test_the_stream_helper_parses_a_format(sdk: OpenAI) -> None:
    with sdk.chat.completions.stream(
        model=MODEL, messages=QUESTION, response_format=Person, max_tokens=200, temperature=0
    ) as stream:
        final = stream.get_final_completion()
    assert isinstance(final.choices[0].message.parsed, Person)


def test_the_stream_helper_reads_calls(sdk: OpenAI) -> None:
    with sdk.chat.completions.stream(
        model=MODEL, messages=QUESTION, tools=[WEATHER], tool_choice="required", max_tokens=200, temperature=0
    ) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert {"tool_calls.function.arguments.delta", "tool_calls.function.arguments.done"} <= kinds
    assert final.choices[0].finish_reason == "tool_calls"
    for call in final.choices[0].message.tool_calls or []:
        assert call.function.name == "get_weather"
        jsonschema.validate(json.loads(call.function.arguments), PARAMETERS)


def test_a_loop_of_tools_goes_on_with_their_results(sdk: OpenAI) -> None:
    named: Any = {"type": "function", "function": {"name": "get_weather"}}
    called = ask(sdk, tools=[WEATHER, CLOCK], tool_choice=named).choices[0]
    assert (called.finish_reason, called.message.content) == ("tool_calls", None)
    (call,) = called.message.tool_calls
    jsonschema.validate(json.loads(call.function.arguments), PARAMETERS)
    result = {"role": "tool", "tool_call_id": call.id, "content": "Sunny, 25 degrees."}
    answer = ask(sdk, messages=[*QUESTION, called.message, result], tools=[WEATHER, CLOCK], tool_choice="none")
    assert answer.choices[0].message.content
    assert answer.choices[0].message.tool_calls is None
    assert answer.usage.prompt_tokens > 50


def test_only_allowed_tools_are_called(sdk: OpenAI) -> None:
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "get_weather"}}]}
    choice: Any = {"type": "allowed_tools", "allowed_tools": allowed}
    calls = ask(sdk, tools=[CLOCK, WEATHER], tool_choice=choice).choices[0].message.tool_calls
    assert {call.function.name for call in calls} == {"get_weather"}


def test_a_custom_tool_is_called_with_a_text(sdk: OpenAI) -> None:
    form = {"type": "grammar", "grammar": {"syntax": "regex", "definition": "[0-9]{3}-[0-9]{4}"}}
    dial: Any = {"type": "custom", "custom": {"name": "dial", "description": "Calls a number", "format": form}}
    choice = ask(sdk, tools=[dial], tool_choice={"type": "custom", "custom": {"name": "dial"}}).choices[0]
    (call,) = choice.message.tool_calls
    assert (call.type, call.custom.name) == ("custom", "dial")
    assert re.fullmatch("[0-9]{3}-[0-9]{4}", call.custom.input)
    result: Any = {"role": "tool", "tool_call_id": call.id, "content": "Nobody answers."}
    assert ask(sdk, messages=[*QUESTION, choice.message, result], tools=[dial], max_tokens=4).choices


def test_functions_are_what_tools_were_before(sdk: OpenAI) -> None:
    old: Any = WEATHER["function"]
    choice = ask(sdk, functions=[old], function_call={"name": "get_weather"}).choices[0]
    assert choice.finish_reason == "function_call"
    jsonschema.validate(json.loads(choice.message.function_call.arguments), PARAMETERS)
    result: Any = {"role": "function", "name": "get_weather", "content": "Sunny"}
    again = ask(sdk, messages=[*QUESTION, choice.message, result], functions=[old], function_call="none", max_tokens=5)
    assert again.choices[0].message.content


def test_json_mode_gives_an_object(sdk: OpenAI) -> None:
    choice = ask(sdk, response_format={"type": "json_object"}, max_tokens=100, temperature=1).choices[0]
    assert choice.finish_reason == "length" or isinstance(json.loads(choice.message.content), dict)


def test_a_format_and_tools_stand_beside_each_other(sdk: OpenAI) -> None:
    schema = {"name": "person", "strict": True, "schema": Person.model_json_schema()}
    choice = ask(
        sdk, tools=[WEATHER], response_format={"type": "json_schema", "json_schema": schema}, max_tokens=200
    ).choices[0]
    if choice.message.tool_calls:
        for call in choice.message.tool_calls:
            jsonschema.validate(json.loads(call.function.arguments), PARAMETERS)
    else:
        Person.model_validate_json(choice.message.content)


def test_four_choices_stream_into_one_completion(sdk: OpenAI) -> None:
    with sdk.chat.completions.stream(
        model=MODEL, messages=QUESTION, n=4, max_tokens=200, stop=END, stream_options={"include_usage": True}
    ) as stream:
        final = stream.get_final_completion()
    assert sorted(choice.index for choice in final.choices) == [0, 1, 2, 3]
    assert final.usage is not None
    assert final.usage.prompt_tokens == ask(sdk, max_tokens=1).usage.prompt_tokens


def test_a_prefill_is_continued(sdk: OpenAI) -> None:
    messages = [{"role": "user", "content": "Count to nine."}, {"role": "assistant", "content": "1, 2, 3, 4,"}]
    content = ask(sdk, messages=messages, max_tokens=6).choices[0].message.content
    assert "5" in content


def test_a_bias_forbids_a_token(sdk: OpenAI) -> None:
    first = ask(sdk, max_tokens=1, logprobs=True).choices[0]
    tokens = sdk.completions.create(model=MODEL, prompt=[0], max_tokens=1, temperature=0, logit_bias={"28": 100})
    assert tokens.choices[0].text != first.message.content


def test_developer_parts_names_and_hints_are_taken(sdk: OpenAI) -> None:
    messages = [
        {"role": "developer", "content": [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}]},
        {"role": "user", "name": "ann", "content": [{"type": "text", "text": "Hi"}]},
    ]
    answer = ask(
        sdk,
        messages=messages,
        max_tokens=4,
        user="ann",
        safety_identifier="a1",
        prompt_cache_key="k",
        metadata={"team": "a"},
        service_tier="auto",
        verbosity="medium",
        store=False,
        modalities=["text"],
        prediction={"type": "content", "content": "Hello"},
        reasoning_effort="none",
    )
    assert answer.service_tier == "default"
    assert answer.usage.completion_tokens_details.accepted_prediction_tokens == 0


def long_prompt() -> list[Any]:
    return [{"role": "user", "content": "word " * 9000}]


@pytest.mark.parametrize(
    ("fields", "kind", "param", "code"),
    [
        ({"messages": long_prompt()}, openai.BadRequestError, "messages", "context_length_exceeded"),
        ({"messages": long_prompt(), "stream": True}, openai.BadRequestError, "messages", "context_length_exceeded"),
        ({"model": "nope", "stream": True}, openai.NotFoundError, None, "model_not_found"),
        ({"response_format": {"type": "xml"}}, openai.BadRequestError, "response_format.type", None),
        ({"tools": [{"type": "browser"}]}, openai.BadRequestError, "tools[0].type", None),
        ({"tools": [{"type": "function", "function": {}}]}, openai.BadRequestError, "tools[0].function.name", None),
        ({"tool_choice": "required"}, openai.BadRequestError, "tool_choice", None),
        ({"reasoning_effort": "high"}, openai.BadRequestError, "reasoning_effort", None),
        ({"modalities": ["audio"]}, openai.BadRequestError, "modalities", None),
        ({"web_search_options": {}}, openai.BadRequestError, "web_search_options", None),
        ({"store": True}, openai.BadRequestError, "store", None),
        ({"top_logprobs": 2}, openai.BadRequestError, "top_logprobs", None),
        ({"messages": [{"role": "user", "content": [{"type": "file"}]}]}, openai.BadRequestError, None, None),
    ],
)
def test_what_can_not_be_done_is_a_named_exception(
    sdk: OpenAI, fields: dict[str, Any], kind: type[openai.APIStatusError], param: str | None, code: str | None
) -> None:
    with pytest.raises(kind) as caught:
        ask(sdk, **fields)
    if param is not None:
        assert caught.value.param == param
    assert caught.value.code == code
    assert caught.value.type == "invalid_request_error"
    assert caught.value.request_id


def test_a_too_long_talk_may_be_truncated_as_an_extra(sdk: OpenAI) -> None:
    messages = [*long_prompt(), {"role": "assistant", "content": "ok"}, {"role": "user", "content": "Hi"}]
    answer = ask(sdk, messages=messages, max_tokens=2, extra_body={"truncate": True})
    assert answer.usage.prompt_tokens < 9000
