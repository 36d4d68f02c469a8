"""api_openai's encoders: events as OpenAI's SDK and its many clients read them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api_openai.chat.chunks import ChatStreamEncoder
from api_openai.chat.whole import chat_completion
from api_openai.choices import Choices
from api_openai.collect import collect
from api_openai.identity import Identity
from inference.errors import ShuttingDown, WorkerCrashed
from inference.events import Finished, TextDelta, ThinkingDelta
from models_app.serving import Generation
from power_site.streams import StreamBody
from tests.generations import FINISHED, LOGPROB, ScriptedStream, generation, texts

IDENTITY = Identity.of("chatcmpl", model="M", digest="ab" * 32)


def choices_of(*generations: Generation) -> Choices:
    choices = Choices()
    choices.adopt(generations)
    return choices


async def events_of(body: StreamBody[Any]) -> list[Any]:
    text = b"".join([chunk async for chunk in body]).decode()
    assert text.endswith("\n\n")
    pieces = text.removesuffix("\n\n").split("\n\n")
    assert all(piece.startswith("data: ") for piece in pieces)
    return [piece[6:] if piece == "data: [DONE]" else json.loads(piece[6:]) for piece in pieces]


async def chat_events(*generations: Generation, include_usage: bool = False) -> list[Any]:
    encoder = ChatStreamEncoder(IDENTITY, include_usage=include_usage, n_choices=len(generations))
    return await events_of(StreamBody(choices_of(*generations), encoder))


async def test_a_chat_streams_its_role_its_text_its_reason_and_done() -> None:
    role, first, second, last, done = await chat_events(generation(*texts("He", 'l"lo')))
    opening = {"role": "assistant", "content": "", "refusal": None}
    assert role["choices"] == [{"index": 0, "delta": opening, "finish_reason": None}]
    assert [chunk["choices"][0]["delta"] for chunk in (first, second)] == [{"content": "He"}, {"content": 'l"lo'}]
    assert last["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    assert done == "[DONE]"


async def test_every_chunk_has_the_same_id_time_and_model() -> None:
    chunks = (await chat_events(generation(*texts("a", "b")), include_usage=True))[:-1]
    assert len({(chunk["id"], chunk["created"], chunk["model"], chunk["system_fingerprint"]) for chunk in chunks}) == 1
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}


def test_ids_do_not_collide() -> None:
    assert len({Identity.of("chatcmpl", model="m", digest="x").id for _ in range(1000)}) == 1000


async def test_usage_comes_in_a_chunk_of_its_own_before_done() -> None:
    *chunks, usage, _ = await chat_events(generation(*texts("a")), include_usage=True)
    assert all(chunk["usage"] is None for chunk in chunks)
    assert usage["choices"] == []
    assert usage["usage"] == {
        "prompt_tokens": 7,
        "completion_tokens": 2,
        "total_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 3, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
            "audio_tokens": 0,
        },
    }


async def test_without_being_asked_no_chunk_speaks_of_usage() -> None:
    assert all("usage" not in chunk for chunk in (await chat_events(generation(*texts("a"))))[:-1])


async def test_an_empty_answer_still_has_a_role() -> None:
    role, last, _ = await chat_events(generation([FINISHED]))
    assert role["choices"][0]["delta"]["role"] == "assistant"
    assert last["choices"][0]["finish_reason"] == "stop"


async def test_an_error_in_the_stream_is_an_event_and_done_does_not_follow() -> None:
    *_, last = await chat_events(generation([TextDelta("a")], error=WorkerCrashed("SIGSEGV")))
    assert last == {
        "error": {
            "message": "model runner has unexpectedly stopped: SIGSEGV",
            "type": "server_error",
            "param": None,
            "code": "model_failed",
        }
    }


async def test_half_an_answer_at_shutdown_is_an_error() -> None:
    half = Finished(reason="shutdown", n_prompt=1, n_cached=0, n_generated=1, prompt_seconds=0, decode_seconds=0)
    *_, last = await chat_events(generation(*texts("a", finished=half)))
    assert last["error"]["code"] == "server_shutting_down"
    with pytest.raises(ShuttingDown):
        await collect(choices_of(generation(*texts("a", finished=half))), n_choices=1)


async def test_several_choices_run_side_by_side_and_their_prompt_counts_once() -> None:
    events = await chat_events(generation(*texts("a", "b")), generation(*texts("c", "d", "e")), include_usage=True)
    texts_of: dict[int, str] = {0: "", 1: ""}
    for chunk in events[:-2]:
        choice = chunk["choices"][0]
        texts_of[choice["index"]] += choice["delta"].get("content", "")
    assert texts_of == {0: "ab", 1: "cde"}
    assert (events[-2]["usage"]["prompt_tokens"], events[-2]["usage"]["completion_tokens"]) == (7, 4)


async def test_one_choices_error_ends_all() -> None:
    running = [generation([TextDelta("a")], error=WorkerCrashed("x")), generation(*texts("b", "c", "d"))]
    *_, last = await chat_events(*running)
    assert "error" in last
    for one in running:
        stream = one._stream
        assert isinstance(stream, ScriptedStream)
        assert stream.n_closed >= 1


async def test_reasoning_has_both_of_its_names() -> None:
    _, thought, *_ = await chat_events(generation([ThinkingDelta("hm")], [FINISHED]))
    assert thought["choices"][0]["delta"] == {"reasoning": "hm", "reasoning_content": "hm"}
    whole = chat_completion(
        IDENTITY, await collect(choices_of(generation([ThinkingDelta("hm")], [FINISHED])), n_choices=1)
    )
    assert whole["choices"][0]["message"]["reasoning"] == "hm"


async def test_a_whole_chat_has_a_message_logprobs_and_usage() -> None:
    answers = await collect(choices_of(generation(*texts("a", "é", logprobs=(LOGPROB,)))), n_choices=1)
    whole = chat_completion(IDENTITY, answers)
    assert list(whole) == ["id", "object", "created", "model", "system_fingerprint", "choices", "usage"]
    assert whole["object"] == "chat.completion"
    choice = whole["choices"][0]
    assert choice["message"] == {"role": "assistant", "content": "aé", "refusal": None, "annotations": []}
    assert choice["finish_reason"] == "stop"
    assert choice["logprobs"]["content"][0] == {
        "token": "é",
        "logprob": -0.5,
        "bytes": [195, 169],
        "top_logprobs": [
            {"token": "é", "logprob": -0.5, "bytes": [195, 169]},
            {"token": "�", "logprob": -1.0, "bytes": [255]},
        ],
    }
