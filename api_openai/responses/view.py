"""POST /v1/responses and /v1/responses/input_tokens: an answer, and what its prompt would cost."""

from __future__ import annotations

import time
from functools import partial

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api_openai.responses.background import Follower, background_responses
from api_openai.responses.encoding import BytesEncoder, ResponseEncoder
from api_openai.responses.narration import generation_of, narration_open, response_headers, whole_response
from api_openai.responses.turn import Turn, turn_of
from models_app.serving.tokens import prompt_count
from power_site.http import SSE, BadRequest, json_response, read_json
from power_site.streams import stream_response, stream_when_ready


async def create(request: HttpRequest) -> HttpResponseBase:
    begun_at = time.perf_counter()
    turn = await turn_of(await read_json(request))
    if turn.body.background:
        return await _in_background(turn, begun_at=begun_at)
    if turn.body.stream:
        return await _streamed(turn, begun_at=begun_at)
    generation = await generation_of(turn, begun_at=begun_at)
    headers = response_headers(turn, generation)
    return json_response(await whole_response(turn, generation), headers=headers)


async def input_tokens(request: HttpRequest) -> HttpResponseBase:
    fields = await read_json(request)
    if "personality" in fields:
        raise BadRequest("personality is not supported by this server", field="personality")
    turn = await turn_of(fields)
    return json_response({"object": "response.input_tokens", "input_tokens": await prompt_count(turn.served, turn.ask)})


async def compact(request: HttpRequest) -> HttpResponseBase:
    """Only a model of OpenAI's writes what this endpoint gives."""
    raise BadRequest("compaction is not supported by this server: truncation may be auto", field="input")


async def _streamed(turn: Turn, *, begun_at: float) -> HttpResponseBase:
    transcript = turn.transcript()
    encoder = ResponseEncoder(transcript, obfuscate=bool(turn.body.stream_options.include_obfuscation))
    opening = narration_open(turn, transcript, begun_at=begun_at)
    headers = partial(_narration_headers, turn)
    return await stream_when_ready(opening, encoder, content_type=SSE, headers=headers)


def _narration_headers(turn: Turn, narration: object) -> dict[str, str]:
    return dict(response_headers(turn, narration.generation))  # type: ignore[attr-defined]


async def _in_background(turn: Turn, *, begun_at: float) -> HttpResponseBase:
    response = await background_responses.start(turn, begun_at=begun_at)
    if not turn.body.stream:
        return json_response(response.response)
    return stream_response(Follower(response, after=-1), BytesEncoder(), content_type=SSE)
