"""POST /v1/chat/completions from the request to the last event, with an engine that answers what it is told."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx2
import pytest

from api_openai.asks import asks_for
from api_openai.chat.body import ChatBody
from api_openai.choices import open_choices
from inference.request import TextPrompt
from models_app import serving
from power_site.http import convert
from tests.api_openai.chat.conftest import Serve

TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
        },
    },
}
CALL = (
    "<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n<parameter=days>\n2\n</parameter>\n"
    "</function>\n</tool_call>"
)
ANSWER = f"<think>\nLet me see.\n</think>\n\nOne moment.\n{CALL}"


async def post(client: httpx2.AsyncClient, **fields: Any) -> httpx2.Response:
    asked = {"model": "qwen", "messages": [{"role": "user", "content": "hi"}]} | fields
    return await client.post("/v1/chat/completions", json=asked)


async def whole(client: httpx2.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await post(client, **fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def events(client: httpx2.AsyncClient, **fields: Any) -> list[Any]:
    """The chunks of a stream that ends as it should; comments are in their places, as text."""
    answer = await post(client, stream=True, **fields)
    assert answer.headers["content-type"] == "text/event-stream"
    *pieces, done, nothing = answer.text.split("\n\n")
    assert (done, nothing) == ("data: [DONE]", "")
    return [json.loads(piece[6:]) if piece.startswith("data: ") else piece for piece in pieces]


def deltas(chunks: list[Any]) -> list[dict[str, Any]]:
    return [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]


async def test_a_whole_answer_has_thoughts_text_calls_and_the_usage_of_all(serve: Serve) -> None:
    answer = await whole(await serve(ANSWER), tools=[TOOL])
    (choice,) = answer["choices"]
    message = choice["message"]
    assert (message["reasoning"], message["reasoning_content"]) == ("Let me see.", "Let me see.")
    assert message["content"] == "One moment."
    (call,) = message["tool_calls"]
    assert call["id"].startswith("call_")
    assert (call["type"], call["function"]["name"]) == ("function", "get_weather")
    assert json.loads(call["function"]["arguments"]) == {"city": "Paris", "days": 2}
    assert choice["finish_reason"] == "tool_calls"
    assert 0 < answer["usage"]["completion_tokens_details"]["reasoning_tokens"] < answer["usage"]["completion_tokens"]


async def test_a_stream_has_the_same_in_deltas(serve: Serve) -> None:
    client = await serve(ANSWER)
    chunks = await events(client, tools=[TOOL], stream_options={"include_usage": True})
    first, *rest = deltas(chunks)
    assert first == {"role": "assistant", "content": "", "refusal": None}
    assert "".join(delta.get("reasoning", "") for delta in rest) == "Let me see."
    assert "".join(delta.get("reasoning_content", "") for delta in rest) == "Let me see."
    assert "".join(delta.get("content", "") for delta in rest) == "One moment."
    (head,), *arguments = [delta["tool_calls"] for delta in rest if "tool_calls" in delta]
    assert head["id"].startswith("call_")
    assert {**head, "id": ""} == {
        "index": 0, "id": "", "type": "function", "function": {"name": "get_weather", "arguments": ""},
    }  # fmt: skip
    assert {piece["index"] for pieces in arguments for piece in pieces} == {0}
    written = "".join(piece["function"]["arguments"] for pieces in arguments for piece in pieces)
    assert json.loads(written) == {"city": "Paris", "days": 2}
    assert rest[-1] == {}
    assert chunks[-2]["choices"][0]["finish_reason"] == "tool_calls"
    counted, kept = chunks[-1]["usage"], (await whole(client, tools=[TOOL]))["usage"]
    assert counted["total_tokens"] == kept["total_tokens"]
    assert counted["completion_tokens_details"]["reasoning_tokens"] >= len("Let me see.")  # a token is a byte here


async def test_several_calls_count_up(serve: Serve) -> None:
    client = await serve(f"{CALL}\n{CALL}")
    calls = [call for delta in deltas(await events(client, tools=[TOOL])) for call in delta.get("tool_calls", [])]
    assert [call["index"] for call in calls] == [0, 0, 1, 1]
    assert len({call["id"] for call in calls if "id" in call}) == 2
    message = (await whole(client, tools=[TOOL]))["choices"][0]["message"]
    assert (message["content"], len(message["tool_calls"])) == (None, 2)


async def test_functions_get_a_function_call(serve: Serve) -> None:
    client = await serve(CALL)
    choice = (await whole(client, functions=[TOOL["function"]]))["choices"][0]
    assert choice["finish_reason"] == "function_call"
    assert choice["message"]["function_call"]["name"] == "get_weather"
    assert "tool_calls" not in choice["message"]
    parts = [delta["function_call"] for delta in deltas(await events(client, functions=[TOOL["function"]]))[1:-1]]
    assert parts[0] == {"name": "get_weather", "arguments": ""}
    assert json.loads(parts[1]["arguments"]) == {"city": "Paris", "days": 2}


async def test_a_custom_tool_gets_a_text(serve: Serve) -> None:
    shell = "<tool_call>\n<function=shell>\n<parameter=input>\nls\n</parameter>\n</function>\n</tool_call>"
    client, tools = await serve(shell), [{"type": "custom", "custom": {"name": "shell"}}]
    (call,) = (await whole(client, tools=tools))["choices"][0]["message"]["tool_calls"]
    assert {**call, "id": ""} == {"id": "", "type": "custom", "custom": {"name": "shell", "input": "ls"}}
    (head,), (rest,) = [delta["tool_calls"] for delta in deltas(await events(client, tools=tools))[1:-1]]
    assert (head["type"], head["custom"], rest) == (
        "custom",
        {"name": "shell", "input": ""},
        {"index": 0, "custom": {"input": "ls"}},
    )


async def test_a_cut_answer_says_length_whatever_it_has_called(serve: Serve) -> None:
    choice = (await whole(await serve(ANSWER), tools=[TOOL], max_tokens=len(ANSWER) - 4))["choices"][0]
    assert choice["finish_reason"] == "length"


async def test_logprobs_of_what_becomes_no_text_come_with_the_next_delta(serve: Serve) -> None:
    client = await serve(ANSWER)
    fields: dict[str, Any] = {"tools": [TOOL], "logprobs": True, "top_logprobs": 1}
    choices = [chunk["choices"][0] for chunk in await events(client, **fields)]
    assert all(choice["delta"].get("content") != "" for choice in choices[1:])
    streamed = [one for choice in choices for one in (choice.get("logprobs") or {"content": []})["content"]]
    kept = (await whole(client, **fields))["choices"][0]["logprobs"]["content"]
    assert [one["token"] for one in streamed] == [one["token"] for one in kept]
    assert "".join(one["token"] for one in kept).startswith("<think>")


async def test_thinking_is_switched_off_by_an_effort_of_none(serve: Serve) -> None:
    message = (await whole(await serve(ANSWER), reasoning_effort="none"))["choices"][0]["message"]
    assert "reasoning" not in message


async def test_a_final_message_of_the_assistants_is_continued(serve: Serve) -> None:
    client = await serve(length=100)  # an answer repeats its prompt
    messages = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Once upon a"}]
    content = (await whole(client, messages=messages, think=False))["choices"][0]["message"]["content"]
    assert "Assistant: Once upon aUser: hi" in content


async def test_a_prompt_can_be_looked_at(serve: Serve) -> None:
    answer = await whole(await serve(), _debug_render_only=True, stream=True, n=2)
    assert answer["choices"] == []
    assert answer["_debug_info"] == {"rendered_template": "User: hi\n\nAssistant:"}


async def test_a_prompt_beyond_the_context_is_refused_or_cut(serve: Serve) -> None:
    client = await serve("ok", settings={"context_length": 128})
    long = [{"role": "user", "content": "word " * 100}]
    refused = await post(client, messages=long)
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert (error["code"], error["param"]) == ("context_length_exceeded", "messages")
    assert "maximum context length is 128 tokens" in error["message"]
    streamed = await post(client, messages=long, stream=True)
    assert (streamed.status_code, streamed.json()["error"]) == (400, error)
    messages = [*long, {"role": "assistant", "content": "x"}, {"role": "user", "content": "hi"}]
    cut = await post(client, messages=messages, truncate=True)
    assert cut.status_code == 200
    assert "messages=" in cut.headers["x-power-truncated"]


async def test_an_answer_that_fills_the_context_ends_by_its_length(serve: Serve) -> None:
    client = await serve("abc", length=-1, settings={"context_length": 128})
    answer = await whole(client)
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["total_tokens"] in (127, 128)


async def test_while_a_model_loads_the_stream_says_that_it_lives(serve: Serve) -> None:
    client = await serve("ok", load_delay=0.4, settings={"heartbeat_interval": "100ms"})
    chunks = await events(client)
    waiting = [piece for piece in chunks if isinstance(piece, str)]
    assert set(waiting) == {": waiting"}
    assert chunks[0] == ": waiting"
    assert deltas(chunks[len(waiting) :])[0]["role"] == "assistant"


async def test_a_call_that_takes_long_is_waited_for_aloud(serve: Serve) -> None:
    client = await serve(f"One moment.{CALL}", delay=0.01, settings={"heartbeat_interval": "200ms"})
    chunks = await events(client, tools=[TOOL], think=False)
    begun = next(place for place, piece in enumerate(chunks) if isinstance(piece, dict))
    assert ": waiting" in chunks[begun:]
    assert [piece["choices"][0]["finish_reason"] for piece in chunks if isinstance(piece, dict)][-1] == "tool_calls"


async def test_who_asks_is_noted_for_the_accounts(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    client = await serve("ok")
    with caplog.at_level("INFO", logger="power.usage"):
        await whole(client, think=False, user="u1", metadata={"team": "x"})
        await events(client, think=False, safety_identifier="u2")
        await whole(client, think=False)
    noted = [record.getMessage() for record in caplog.records if record.name == "power.usage"]
    assert [line.partition(" user=")[2] for line in noted] == ['"u1" metadata={"team":"x"}', '"u2" metadata={}']


async def test_a_failure_after_the_first_byte_is_an_event(serve: Serve) -> None:
    client = await serve("ok", load_delay=0.4, load_error="broken", settings={"heartbeat_interval": "100ms"})
    answer = await post(client, stream=True)
    assert answer.status_code == 200
    *_, last, nothing = answer.text.split("\n\n")
    assert nothing == ""
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "model_failed"


@pytest.mark.parametrize("seed", [None, 7])
async def test_four_choices_share_one_prefill(serve: Serve, seed: int | None) -> None:
    await serve("ok", settings={"num_parallel": 4})
    served = await serving.model_resolve("qwen")
    body = convert({"model": "qwen", "messages": [{"role": "user", "content": "x"}], "n": 4, "seed": seed}, ChatBody)
    asks = asks_for(body, served, [TextPrompt(text="a long story " * 100)], top_logprobs=None)
    choices = await open_choices(served, asks, begun_at=time.perf_counter())
    assert {index for items in [each async for each in choices] for index, _ in items} == {0, 1, 2, 3}
    started = [generation.started for generation in choices._generations.values()]
    assert started[0].n_prompt > 1000
    assert sum(each.n_prompt - each.n_cached for each in started) < started[0].n_prompt + 100


async def test_hints_and_unknown_fields_change_nothing_and_the_latter_are_told(serve: Serve) -> None:
    client = await serve("ok")
    answer = await post(client, service_tier="flex", cache_prompt=True, options={"nonsense": 1}, user="u")
    assert answer.headers["x-power-ignored-options"] == "nonsense, cache_prompt"
    assert answer.json()["service_tier"] == "default"


async def test_obfuscated_chunks_are_all_of_a_size(serve: Serve) -> None:
    client = await serve("abcdefghij", delay=0.02)
    options = {"include_obfuscation": True}
    chunks = await events(client, think=False, stream_options=options)
    shown = [chunk for chunk in chunks if chunk["choices"][0]["delta"].get("content")]
    sizes = {len(chunk["obfuscation"]) + len(json.dumps(chunk["choices"][0]["delta"])) for chunk in shown}
    assert len(shown) > 1
    assert len(sizes) == 1


@pytest.mark.parametrize("index", [0, 1])
async def test_one_choice_is_as_good_as_another(serve: Serve, index: int) -> None:
    chunks = await events(await serve("ok"), n=2, think=False)
    mine = [chunk["choices"][0] for chunk in chunks if chunk["choices"][0]["index"] == index]
    assert mine[0]["delta"]["role"] == "assistant"
    assert "".join(choice["delta"].get("content", "") for choice in mine) == "ok"
    assert mine[-1]["finish_reason"] == "stop"
