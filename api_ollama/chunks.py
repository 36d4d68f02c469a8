"""Events to Ollama's response objects: a line per delta and a last one with the metrics, or one object for all.

Key order and what is left out when zero are those of GenerateResponse and ChatResponse (api/types.go).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Literal

import orjson

from api_ollama.errors import error_body
from api_ollama.times import created_at, nanoseconds
from api_ollama.tool_calls import tool_call_list
from inference.events import Event, Finished, TextDelta, ThinkingDelta, TokenLogprob, ToolCall
from models_app.serving import Generation
from models_app.serving.answers import answer_read

Endpoint = Literal["generate", "chat"]


class ChunkEncoder:
    """One stream's lines. What is the same in all of them is built once; a token costs one dumps of its text."""

    def __init__(self, endpoint: Endpoint, model: str, generation: Generation, *, sse: bool) -> None:
        self._endpoint: Endpoint = endpoint
        self._model = model
        self._generation = generation
        self._begin, self._end = (b"data: ", b"\n\n") if sse else (b"", b"\n")
        self._head = self._begin + b'{"model":' + orjson.dumps(model) + b',"created_at":"'
        opening = b'","response":' if endpoint == "generate" else b'","message":{"role":"assistant","content":'
        self._opening, self._closing = opening, b"" if endpoint == "generate" else b"}"
        self._calls: list[ToolCall] = []

    def encode(self, events: Sequence[Event]) -> bytes:
        return b"".join([self._line(event) for event in events])

    def fail(self, error: Exception) -> bytes:
        return self._begin + error_body(error) + self._end

    def finish(self) -> bytes:
        return b""

    def _line(self, event: Event) -> bytes:
        if isinstance(event, TextDelta):
            return self._delta(orjson.dumps(event.text), event.logprobs) if event.text or event.logprobs else b""
        if isinstance(event, ThinkingDelta):
            return self._delta(b'"","thinking":' + orjson.dumps(event.text), ())
        if isinstance(event, ToolCall):
            return self._call(event)
        if isinstance(event, Finished):
            calls = self._calls if self._endpoint == "generate" else ()
            final = final_response(self._endpoint, self._model, self._generation, event, calls=calls)
            return self._begin + orjson.dumps(final) + self._end
        return b""

    def _call(self, call: ToolCall) -> bytes:
        """Whole and in a line of its own; in generate's answers all of them are in the last line."""
        self._calls.append(call)
        if self._endpoint == "generate":
            return b""
        return self._delta(b'"","tool_calls":' + orjson.dumps(tool_call_list([call], first=len(self._calls) - 1)), ())

    def _delta(self, content: bytes, logprobs: Sequence[TokenLogprob]) -> bytes:
        stamp = created_at().encode()
        tail = b',"logprobs":' + orjson.dumps(logprob_list(logprobs)) if logprobs else b""
        parts = (self._head, stamp, self._opening, content, self._closing, b',"done":false', tail, b"}", self._end)
        return b"".join(parts)


async def whole_response(endpoint: Endpoint, model: str, generation: Generation) -> dict[str, Any]:
    """The answer to ``"stream": false``. Raises the InferenceError that ended the generation; always closes it."""
    answer = await answer_read(generation)
    return final_response(
        endpoint,
        model,
        generation,
        answer.finished,
        text=answer.text,
        thinking=answer.thinking,
        calls=answer.calls,
        logprobs=answer.logprobs,
    )


def final_response(
    endpoint: Endpoint,
    model: str,
    generation: Generation,
    finished: Finished,
    *,
    text: str = "",
    thinking: str = "",
    calls: Sequence[ToolCall] = (),
    logprobs: Sequence[TokenLogprob] = (),
) -> dict[str, Any]:
    response = bare_response(endpoint, model, text=text, thinking=thinking, done_reason=finished.reason)
    if calls and endpoint == "chat":
        response["message"]["tool_calls"] = tool_call_list(calls)
    if finished.context:
        response["context"] = finished.context
    metrics = {
        "total_duration": nanoseconds(time.perf_counter() - generation.begun_at),
        "load_duration": nanoseconds(generation.before_seconds),
        "prompt_eval_count": finished.n_prompt,
        "prompt_eval_duration": nanoseconds(finished.prompt_seconds),
        "eval_count": finished.n_generated,
        "eval_duration": nanoseconds(finished.decode_seconds),
    }
    response |= {name: value for name, value in metrics.items() if value}
    if calls and endpoint == "generate":
        response["tool_calls"] = tool_call_list(calls)
    if logprobs:
        response["logprobs"] = logprob_list(logprobs)
    return response


async def rendered_response(
    endpoint: Endpoint, model: str, generation: Generation, *, n_images: int = 0
) -> dict[str, Any]:
    """The answer to ``_debug_render_only``: the prompt, in a response that is otherwise Go's zero value."""
    try:
        text = "".join([event.text async for events in generation for event in events if isinstance(event, TextDelta)])
    finally:
        generation.close()
    empty = {"response": ""} if endpoint == "generate" else {"message": {"role": "", "content": ""}}
    return {
        "model": model,
        "created_at": created_at(),
        **empty,
        "done": False,
        "_debug_info": {"rendered_template": text} | ({"image_count": n_images} if n_images else {}),
    }


def bare_response(
    endpoint: Endpoint, model: str, *, done_reason: str, text: str = "", thinking: str = ""
) -> dict[str, Any]:
    """A last object without metrics: the whole answer to a load or an unload."""
    content: dict[str, Any] = {"response": text} if endpoint == "generate" else {"role": "assistant", "content": text}
    if thinking:
        content["thinking"] = thinking
    body = content if endpoint == "generate" else {"message": content}
    return {"model": model, "created_at": created_at(), **body, "done": True, "done_reason": done_reason}


def logprob_list(logprobs: Sequence[TokenLogprob]) -> list[dict[str, Any]]:
    return [_logprob(one) | _top(one.top) for one in logprobs]


def _top(candidates: Sequence[TokenLogprob]) -> dict[str, Any]:
    return {"top_logprobs": [_logprob(one) for one in candidates]} if candidates else {}


def _logprob(one: TokenLogprob) -> dict[str, Any]:
    return {"token": one.data.decode("utf-8", "replace"), "logprob": one.logprob, "bytes": list(one.data)}
