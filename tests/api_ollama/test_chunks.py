"""api_ollama.chunks: lines and objects with the keys, the order and the omissions of Ollama's."""

from __future__ import annotations

import json
import re

import pytest

from api_ollama.chunks import ChunkEncoder, Endpoint, bare_response, whole_response
from inference.errors import WorkerCrashed
from inference.events import Finished, TextDelta, ThinkingDelta, ToolCall
from power_site.streams import StreamBody
from tests.generations import FINISHED, LOGPROB, STARTED, ScriptedStream, generation, texts

METRICS = [
    "total_duration", "load_duration", "prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration",
]  # fmt: skip


async def streamed(endpoint: Endpoint, running: object, *, sse: bool = False) -> list[bytes]:
    encoder = ChunkEncoder(endpoint, 'My "model"', running, sse=sse)  # type: ignore[arg-type]
    return [chunk async for chunk in StreamBody(running, encoder)]  # type: ignore[arg-type]


async def test_a_generate_stream_is_lines_of_json_with_the_keys_in_ollamas_order() -> None:
    first, second, last = await streamed("generate", generation(*texts("He", 'l"lo')))
    assert first.endswith(b"\n")
    assert first.count(b"\n") == 1
    assert list(json.loads(first)) == ["model", "created_at", "response", "done"]
    assert (json.loads(second)["response"], json.loads(second)["done"]) == ('l"lo', False)
    assert list(json.loads(last)) == ["model", "created_at", "response", "done", "done_reason", *METRICS]
    assert json.loads(last)["response"] == ""


async def test_a_chat_stream_has_messages_of_the_assistant() -> None:
    first, last = await streamed("chat", generation(*texts("Hi")))
    assert json.loads(first)["message"] == {"role": "assistant", "content": "Hi"}
    assert list(json.loads(first)) == ["model", "created_at", "message", "done"]
    assert json.loads(last)["message"] == {"role": "assistant", "content": ""}
    assert list(json.loads(last)) == ["model", "created_at", "message", "done", "done_reason", *METRICS]


async def test_the_model_is_the_name_as_it_was_asked_for() -> None:
    for line in await streamed("chat", generation(*texts("Hi"))):
        assert json.loads(line)["model"] == 'My "model"'


async def test_times_are_utc_with_nanoseconds_and_durations_whole_numbers() -> None:
    (last,) = await streamed("generate", generation(*texts()))
    final = json.loads(last)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", final["created_at"])
    assert final["prompt_eval_duration"] == 250_000_000
    assert final["eval_duration"] == 500_000_000
    assert 1_000_000_000 < final["load_duration"] < 2_000_000_000
    assert all(isinstance(final[name], int) for name in METRICS)


async def test_cached_tokens_are_counted_and_zeros_are_left_out() -> None:
    nothing = Finished(reason="length", n_prompt=7, n_cached=7, n_generated=0, prompt_seconds=0.0, decode_seconds=0.0)
    (last,) = await streamed("generate", generation([nothing]))
    final = json.loads(last)
    assert final["prompt_eval_count"] == 7
    assert final["done_reason"] == "length"
    assert not {"eval_count", "eval_duration", "prompt_eval_duration", "context"} & final.keys()


async def test_events_that_piled_up_go_out_in_one_write() -> None:
    (chunk,) = await streamed("generate", generation([STARTED, TextDelta("a"), FINISHED]))
    assert [json.loads(line)["response"] for line in chunk.splitlines()] == ["a", ""]


async def test_an_error_after_the_first_line_is_one_more_line() -> None:
    lines = await streamed("chat", generation([TextDelta("a")], error=WorkerCrashed("SIGSEGV")))
    assert json.loads(lines[-1]) == {"error": "model runner has unexpectedly stopped: SIGSEGV"}
    assert len(lines) == 2


async def test_server_sent_events_frame_the_same_objects() -> None:
    chunks = await streamed("chat", generation([TextDelta("a")], error=WorkerCrashed("x")), sse=True)
    for chunk in chunks:
        assert chunk.startswith(b"data: {")
        assert chunk.endswith(b"}\n\n")
        json.loads(chunk.removeprefix(b"data: "))


async def test_the_context_comes_with_the_last_object() -> None:
    finished = Finished(
        reason="stop", n_prompt=2, n_cached=0, n_generated=1, prompt_seconds=1, decode_seconds=1, context=(1, 2, 3)
    )
    first, last = await streamed("generate", generation(*texts("a", finished=finished)))
    assert "context" not in json.loads(first)
    assert list(json.loads(last))[:6] == ["model", "created_at", "response", "done", "done_reason", "context"]
    assert json.loads(last)["context"] == [1, 2, 3]


async def test_logprobs_have_token_logprob_bytes_and_candidates() -> None:
    first, _ = await streamed("generate", generation(*texts("é", logprobs=(LOGPROB,))))
    assert json.loads(first)["logprobs"] == [
        {
            "token": "é",
            "logprob": -0.5,
            "bytes": [195, 169],
            "top_logprobs": [
                {"token": "é", "logprob": -0.5, "bytes": [195, 169]},
                {"token": "�", "logprob": -1.0, "bytes": [255]},
            ],
        }
    ]


@pytest.mark.parametrize("endpoint", ["generate", "chat"])
async def test_the_whole_answer_has_all_text_and_logprobs(endpoint: Endpoint) -> None:
    answer = await whole_response(endpoint, "m", generation(*texts("a", "b", logprobs=(LOGPROB,))))
    assert (answer["response"] if endpoint == "generate" else answer["message"]["content"]) == "ab"
    assert len(answer["logprobs"]) == 2
    assert answer["done"] is True
    assert answer["eval_count"] == 2


async def test_thinking_has_a_field_of_its_own() -> None:
    first, *_ = await streamed("chat", generation([ThinkingDelta("hm")], [FINISHED]))
    assert json.loads(first)["message"] == {"role": "assistant", "content": "", "thinking": "hm"}
    first, *_ = await streamed("generate", generation([ThinkingDelta("hm")], [FINISHED]))
    assert (json.loads(first)["response"], json.loads(first)["thinking"]) == ("", "hm")
    answer = await whole_response("chat", "m", generation([ThinkingDelta("hm")], [FINISHED]))
    assert answer["message"] == {"role": "assistant", "content": "", "thinking": "hm"}


async def test_a_whole_answer_that_fails_raises_and_closes_the_generation() -> None:
    running = generation([TextDelta("a")], error=WorkerCrashed("x"))
    with pytest.raises(WorkerCrashed):
        await whole_response("chat", "m", running)
    stream = running._stream
    assert isinstance(stream, ScriptedStream)
    assert stream.n_closed == 1


def test_load_and_unload_are_bare_objects() -> None:
    load = bare_response("chat", "m", done_reason="load")
    assert list(load) == ["model", "created_at", "message", "done", "done_reason"]
    assert load["message"] == {"role": "assistant", "content": ""}
    assert list(bare_response("generate", "m", done_reason="unload")) == [
        "model", "created_at", "response", "done", "done_reason",
    ]  # fmt: skip


CALLS = (ToolCall("f", '{"b": 1, "a": 2}'), ToolCall("g", "{}"))


async def test_each_call_is_a_line_of_a_chat_stream() -> None:
    *lines, last = await streamed("chat", generation([TextDelta("Hi"), *CALLS], [FINISHED]))
    messages = [json.loads(line)["message"] for chunk in lines for line in chunk.splitlines()]
    assert [list(message) for message in messages] == [["role", "content"], *[["role", "content", "tool_calls"]] * 2]
    assert [message["tool_calls"][0]["function"]["index"] for message in messages[1:]] == [0, 1]
    assert "tool_calls" not in json.loads(last)["message"]


async def test_a_whole_chat_has_all_calls_in_its_message() -> None:
    answer = await whole_response("chat", "m", generation([ThinkingDelta("hm"), *CALLS], [FINISHED]))
    assert list(answer["message"]) == ["role", "content", "thinking", "tool_calls"]
    assert [call["function"]["name"] for call in answer["message"]["tool_calls"]] == ["f", "g"]


async def test_generate_has_its_calls_at_the_end_in_either_way() -> None:
    (last,) = await streamed("generate", generation([*CALLS], [FINISHED]))
    whole = await whole_response("generate", "m", generation([*CALLS], [FINISHED]))
    for answer in (json.loads(last), whole):
        assert [call["function"]["index"] for call in answer["tool_calls"]] == [0, 1]
        assert list(answer)[-1] == "tool_calls"
