"""/v1/responses from the request to the last event, with an engine that answers what it is told."""

from __future__ import annotations

import asyncio
import json
from typing import Any, get_args, get_type_hints

import httpx2
import msgspec
import pytest
from asgiref.sync import sync_to_async

from api_openai.models import StoredResponse
from api_openai.responses import background, event_schema, store
from api_openai.responses.background import background_responses
from api_openai.responses.schema import InputItemList, Response
from power_site.http import DatabaseBusy
from tests.api_openai.responses.conftest import Serve

TOOL = {
    "type": "function",
    "name": "get_weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
    },
}
CALL = (
    "<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n<parameter=days>\n2\n</parameter>\n"
    "</function>\n</tool_call>"
)
ANSWER = f"<think>\nLet me see.\n</think>\n\nOne moment.\n{CALL}"
BY_TYPE = {name: kind for kind in event_schema.EVENTS for name in get_args(get_type_hints(kind)["type"])}


async def lease_of(response_id: str) -> Any:
    return (await sync_to_async(StoredResponse.objects.get)(id=response_id)).lease_expires_at


def nested(depth: int) -> Any:
    return {} if not depth else {"x": nested(depth - 1)}


async def post(client: httpx2.AsyncClient, **fields: Any) -> httpx2.Response:
    return await client.post("/v1/responses", json={"model": "qwen", "input": "hi"} | fields)


async def whole(client: httpx2.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await post(client, **fields)
    assert answer.status_code == 200, answer.text
    return checked(answer)


def checked(answer: httpx2.Response) -> dict[str, Any]:
    """Against the type that the OpenAPI document shows."""
    msgspec.json.decode(answer.content, type=Response)
    body: dict[str, Any] = answer.json()
    return body


def events_in(text: str) -> list[dict[str, Any]]:
    """Each named as it is typed, and of the type that the OpenAPI document shows."""
    *pieces, nothing = text.split("\n\n")
    assert nothing == ""
    found = []
    for piece in pieces:
        if piece.startswith(":"):
            continue
        name, data = piece.split("\n")
        event: dict[str, Any] = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        msgspec.convert(event, BY_TYPE[event["type"]])
        found.append(event)
    return found


async def events(client: httpx2.AsyncClient, **fields: Any) -> list[dict[str, Any]]:
    answer = await post(client, stream=True, **fields)
    assert answer.headers["content-type"] == "text/event-stream"
    found = events_in(answer.text)
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    return found


async def ended(client: httpx2.AsyncClient, response_id: str) -> dict[str, Any]:
    for _ in range(2000):
        response = checked(await client.get(f"/v1/responses/{response_id}"))
        if response["status"] not in store.RUNNING:
            return response
        await asyncio.sleep(0.01)
    raise AssertionError("it never ended")


async def test_an_answer_is_thoughts_words_and_calls_streamed_or_not(serve: Serve) -> None:
    client = await serve(ANSWER)
    response = await whole(client, tools=[TOOL])
    thoughts, words, call = response["output"]
    assert thoughts["content"][0]["text"].strip() == "Let me see."
    assert words["content"][0]["text"].strip() == "One moment."
    assert (call["name"], json.loads(call["arguments"])) == ("get_weather", {"city": "Paris", "days": 2})
    told = await events(client, tools=[TOOL])
    streamed = told[-1]["response"]
    assert told[-1]["type"] == "response.completed"
    assert [item["type"] for item in streamed["output"]] == ["reasoning", "message", "function_call"]
    assert streamed["usage"]["output_tokens"] == response["usage"]["output_tokens"]
    assert response["usage"]["output_tokens_details"]["reasoning_tokens"] > 0


async def test_a_stream_says_that_it_lives_until_its_first_word(serve: Serve) -> None:
    client = await serve("Hello.", settings={"heartbeat_interval": "50ms"}, delay=0.2)
    text = (await post(client, stream=True)).text
    assert text.startswith(": waiting\n\n")
    assert events_in(text)[0]["type"] == "response.created"


async def test_a_response_is_kept_until_it_is_deleted(serve: Serve) -> None:
    client = await serve("Hello.")
    response = await whole(client, metadata={"k": "v"}, instructions="Be brief.")
    path = f"/v1/responses/{response['id']}"
    assert checked(await client.get(path)) == response
    assert (await client.delete(path)).json() == {"id": response["id"], "object": "response", "deleted": True}
    for method in ("GET", "DELETE"):
        gone = await client.request(method, path)
        assert gone.status_code == 404
        assert "not found" in gone.json()["error"]["message"]


async def test_a_stream_is_kept_before_its_last_event_says_so(serve: Serve) -> None:
    client = await serve("Hello.")
    response = (await events(client))[-1]["response"]
    assert checked(await client.get(f"/v1/responses/{response['id']}")) == response


async def test_what_is_not_to_be_kept_is_not(serve: Serve) -> None:
    client = await serve("Hello.")
    response = await whole(client, store=False)
    assert response["store"] is False
    assert (await client.get(f"/v1/responses/{response['id']}")).status_code == 404
    assert await sync_to_async(StoredResponse.objects.count)() == 0


async def test_a_server_may_keep_none_at_all(serve: Serve) -> None:
    client = await serve("Hello.", settings={"response_max_bytes": 0})
    assert (await whole(client))["store"] is False
    assert (await post(client, background=True)).json()["error"]["param"] == "background"


async def test_a_conversation_goes_on_by_its_last_response(serve: Serve) -> None:
    client = await serve("Hello.")
    first = await whole(client, instructions="Be brief.")
    alone = await whole(client, input="more")
    second = await whole(client, input="more", previous_response_id=first["id"])
    assert second["previous_response_id"] == first["id"]
    assert second["instructions"] is None
    assert second["usage"]["input_tokens"] > alone["usage"]["input_tokens"]
    counted = await client.post(
        "/v1/responses/input_tokens", json={"model": "qwen", "input": "more", "previous_response_id": first["id"]}
    )
    assert counted.json() == {"object": "response.input_tokens", "input_tokens": second["usage"]["input_tokens"]}


async def test_a_conversation_that_is_gone_is_refused_by_name(serve: Serve) -> None:
    client = await serve("Hello.")
    answer = await post(client, previous_response_id="resp_never")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["param"], error["code"]) == ("previous_response_id", "previous_response_not_found")


async def test_a_tool_is_answered_and_what_was_asked_is_listed(serve: Serve) -> None:
    client = await serve(ANSWER)
    call = (await whole(client, tools=[TOOL]))["output"][-1]
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
    reference = {"type": "item_reference", "id": call["id"]}
    response = await whole(client, input=[{"role": "user", "content": "hi"}, reference, result], tools=[TOOL])
    listed = await client.get(f"/v1/responses/{response['id']}/input_items", params={"order": "asc", "limit": 2})
    msgspec.json.decode(listed.content, type=InputItemList)
    page = listed.json()
    assert [item["type"] for item in page["data"]] == ["message", "function_call"]
    assert (page["has_more"], page["last_id"]) == (True, call["id"])
    rest = await client.get(f"/v1/responses/{response['id']}/input_items", params={"order": "asc", "after": call["id"]})
    assert [item["output"] for item in rest.json()["data"]] == ["sunny"]


async def test_thoughts_come_back_sealed_for_clients_that_keep_them(serve: Serve) -> None:
    client = await serve("<think>\nHm.\n</think>\n\nHello.")
    thoughts = (await whole(client, store=False, include=["reasoning.encrypted_content"]))["output"][0]
    kept = {
        "type": "reasoning",
        "id": thoughts["id"],
        "summary": [],
        "encrypted_content": thoughts["encrypted_content"],
    }
    said = {"role": "assistant", "content": "Hello."}
    await whole(
        client, store=False, input=[{"role": "user", "content": "hi"}, kept, said, {"role": "user", "content": "?"}]
    )


async def test_a_prompt_that_is_too_long_is_refused_or_cut(serve: Serve) -> None:
    client = await serve("Hello.", settings={"context_length": 64})
    talk = [{"role": "user", "content": "word " * 20}, {"role": "user", "content": "hi"}]
    answer = await post(client, input=talk)
    assert answer.status_code == 400
    assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == ("context_length_exceeded", "input")
    cut = await post(client, input=talk, truncation="auto")
    assert cut.headers["X-Power-Truncated"] == "messages=1, num_ctx=64"


async def test_an_answer_that_is_cut_is_incomplete(serve: Serve) -> None:
    client = await serve("Hello, world.")
    response = await whole(client, max_output_tokens=3)
    assert (response["status"], response["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert (await events(client, max_output_tokens=3))[-1]["type"] == "response.incomplete"


async def test_an_answer_that_can_not_be_kept_has_failed(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(**_: Any) -> None:
        raise DatabaseBusy

    client = await serve("Hello.")
    monkeypatch.setattr(store, "response_create", busy)
    assert (await post(client)).status_code == 503
    told = await events(client)
    assert [event["type"] for event in told[-2:]] == ["response.failed", "error"]
    assert told[-1]["error"]["code"] == "catalog_busy"


async def test_nor_has_one_in_the_background(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*, response: dict[str, Any]) -> bool:
        if response["status"] == "completed":
            raise DatabaseBusy
        return True

    client = await serve("Hello.")
    monkeypatch.setattr(store, "response_update", busy)
    told = await events(client, background=True)
    assert [event["type"] for event in told[-2:]] == ["response.failed", "error"]


async def test_names_that_mean_nothing_are_named(serve: Serve) -> None:
    client = await serve("Hello.")
    answer = await post(client, colour="blue", options={"num_fish": 1})
    assert answer.headers["X-Power-Ignored-Options"] == "colour, num_fish"


async def test_a_background_response_is_polled(serve: Serve) -> None:
    client = await serve("Hello.")
    begun = await whole(client, background=True)
    assert (begun["status"], begun["background"], begun["output"]) == ("queued", True, [])
    response = await ended(client, begun["id"])
    assert response["status"] == "completed"
    assert response["output"][0]["content"][0]["text"] == "Hello."
    assert background_responses.get(begun["id"]) is None
    again = checked(await client.post(f"/v1/responses/{begun['id']}/cancel"))
    assert again == response


async def test_a_background_response_is_cancelled_with_what_it_has(serve: Serve) -> None:
    client = await serve("a" * 400, delay=0.02)
    begun = await whole(client, background=True)
    await asyncio.sleep(0.2)
    for _ in range(2):
        cancelled = checked(await client.post(f"/v1/responses/{begun['id']}/cancel"))
        assert cancelled["status"] == "cancelled"
        assert cancelled == checked(await client.get(f"/v1/responses/{begun['id']}"))


async def test_a_background_response_that_another_process_has_cancelled_ends(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "_RENEW_SECONDS", 0.05)
    client = await serve("a" * 4000, delay=0.02)
    begun = await whole(client, background=True)
    first = await lease_of(begun["id"])
    await asyncio.sleep(0.2)
    assert await lease_of(begun["id"]) > first
    await sync_to_async(StoredResponse.objects.update)(status="cancelled")
    running = background_responses.get(begun["id"])
    assert running is not None
    async with asyncio.timeout(20):
        while not running.ended:
            await running.changed()
    assert running.response["status"] == "cancelled"


async def test_there_is_an_end_to_what_runs_in_the_background(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await serve("Hello.")
    monkeypatch.setattr(background, "MAX_RUNNING", 0)
    assert (await post(client, background=True)).status_code == 503
    assert await sync_to_async(StoredResponse.objects.count)() == 0


async def test_a_background_response_that_is_deleted_ends(serve: Serve) -> None:
    client = await serve("a" * 400, delay=0.02)
    begun = await whole(client, background=True)
    assert (await client.delete(f"/v1/responses/{begun['id']}")).status_code == 200
    assert background_responses.get(begun["id"]) is None
    assert (await client.get(f"/v1/responses/{begun['id']}")).status_code == 404


async def test_a_background_stream_can_be_read_again_from_any_event(serve: Serve) -> None:
    client = await serve("Hello.")
    told = await events(client, background=True)
    assert [event["type"] for event in told[:3]] == [
        "response.created", "response.queued", "response.in_progress",
    ]  # fmt: skip
    path = f"/v1/responses/{told[0]['response']['id']}"
    again = await client.get(path, params={"stream": "true", "starting_after": "4"})
    assert events_in(again.text) == told[5:]
    assert checked(await client.get(path)) == told[-1]["response"]


async def test_only_background_responses_are_cancelled_or_streamed_again(serve: Serve) -> None:
    client = await serve("Hello.")
    path = f"/v1/responses/{(await whole(client))['id']}"
    assert (await client.post(f"{path}/cancel")).status_code == 400
    refused = await client.get(path, params={"stream": "true"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "stream")


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("?stream=maybe", "stream"),
        ("?stream=true&starting_after=-1", "starting_after"),
        ("?stream=true&include_obfuscation=true", "include_obfuscation"),
        ("?include=everything", "include"),
        ("/input_items?limit=0", "limit"),
        ("/input_items?limit=101", "limit"),
        ("/input_items?order=up", "order"),
    ],
)
async def test_a_query_that_can_not_be_is_refused_by_name(api: httpx2.AsyncClient, path: str, named: str) -> None:
    answer = await api.get(f"/v1/responses/resp_1{path}")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, named)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"conversation": "conv_1"}, "conversation"),
    ({"prompt": {"id": "p"}}, "prompt"),
    ({"input": None}, "input"),
    ({"input": []}, "input"),
    ({"reasoning": {"effort": "hard"}}, "reasoning.effort"),
    ({"text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": 5}}}}, "text.format"),
    ({"tool_choice": "required"}, "tool_choice"),
    ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
    ({"input": [{"role": "user", "content": "hi", "x": nested(250)}]}, "input"),
    ({"tools": [nested(250)]}, "tools"),
]


async def test_what_can_not_be_is_refused_by_name(serve: Serve) -> None:
    client = await serve("Hello.")
    answers = [(await post(client, **fields), named) for fields, named in REFUSED]
    assert {answer.status_code for answer, _ in answers} == {400}
    assert [answer.json()["error"]["param"] for answer, _ in answers] == [named for _, named in answers]


async def test_nothing_is_compacted_here(api: httpx2.AsyncClient) -> None:
    assert (await api.post("/v1/responses/compact", json={"model": "m"})).status_code == 400
