"""POST /v1/messages and /v1/messages/count_tokens."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api_anthropic.messages.asks import asked_for, n_cleared_tokens
from api_anthropic.messages.body import Body, MessageBody, refuse_unsupported, unknown_fields
from api_anthropic.messages.context import applied_edits
from api_anthropic.messages.reply import Reply
from api_anthropic.messages.stream import PING, MessageEncoder
from api_anthropic.messages.whole import whole_message
from models_app import serving
from models_app.serving.tokens import prompt_count
from power_site.conf import config
from power_site.http import SSE, convert, ignored_options_header, json_response, read_json
from power_site.streams import stream_when_ready


async def messages(request: HttpRequest) -> HttpResponseBase:
    begun_at = time.perf_counter()
    fields = await read_json(request)
    body = convert(fields, MessageBody)
    refuse_unsupported(fields)
    served = await serving.model_resolve(body.model)
    asked = await asked_for(body, served)
    ask = asked.ask
    edits = applied_edits(n_cleared=asked.n_cleared, n_tokens=await n_cleared_tokens(served, asked))
    reply = Reply.of(body, fields, edits=edits)
    headers = _ignored(ask.options.ignored, unknown_fields(fields))
    if not body.stream:
        generation = await serving.generation_start(served, ask, begun_at=begun_at)
        return json_response(await whole_message(generation, reply), headers=headers)
    encoder = MessageEncoder(reply)

    async def opening() -> serving.Generation:
        generation = await serving.generation_start(served, ask, begun_at=begun_at)
        generation.silent_seconds = config().heartbeat_interval
        encoder.begin(generation.started)
        return generation

    return await stream_when_ready(
        opening(), encoder, content_type=SSE, headers=lambda generation: headers, heartbeat=PING
    )


async def count_tokens(request: HttpRequest) -> HttpResponseBase:
    """What ``messages`` would begin with, tools, images and the template's own words included."""
    fields = await read_json(request)
    body = convert(fields, Body)
    refuse_unsupported(fields)
    served = await serving.model_resolve(body.model)
    asked = await asked_for(body, served)
    answer: dict[str, Any] = {"input_tokens": await prompt_count(served, asked.ask)}
    if body.context_management is not None:
        original = answer["input_tokens"] + await n_cleared_tokens(served, asked)
        answer["context_management"] = {"original_input_tokens": original}
    return json_response(answer)


def _ignored(options: Iterable[str], fields: Iterable[str]) -> dict[str, str]:
    return ignored_options_header([*options, *fields])
