"""POST /v1/chat/completions."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from functools import partial

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api_openai.asks import asks_for, response_headers
from api_openai.body import unknown_fields
from api_openai.chat.body import REFUSED, ChatBody, refuse_unsupported
from api_openai.chat.calls import CallLook
from api_openai.chat.chunks import ChatStreamEncoder
from api_openai.chat.form import chat_form, format_constraint
from api_openai.chat.messages import request_turns
from api_openai.chat.tools import custom_names
from api_openai.chat.whole import chat_completion, rendered_completion
from api_openai.choices import open_choices
from api_openai.collect import collect
from api_openai.identity import Identity
from models_app import serving
from models_app.entries import ServedModel
from models_app.serving import Ask
from models_app.serving.prompts import chat_prompt
from power_site.conf import config
from power_site.http import SSE, convert, json_response, read_json
from power_site.streams import stream_when_ready


async def chat_completions(request: HttpRequest) -> HttpResponseBase:
    begun_at = time.perf_counter()
    fields = await read_json(request)
    body = convert(fields, ChatBody)
    refuse_unsupported(fields)
    served = await serving.model_resolve(body.model)
    asks = await _asks(body, served)
    headers = partial(response_headers, asks[0], unknown=unknown_fields(fields, ChatBody, known=REFUSED))
    is_held = format_constraint(body.response_format) is not None
    look = CallLook(legacy=body.is_legacy, custom=custom_names(body), is_held=is_held)
    silent_seconds = config().heartbeat_interval if body.stream else math.inf
    opening = open_choices(served, asks, begun_at=begun_at, silent_seconds=silent_seconds)
    identity = Identity.of(
        "chatcmpl",
        model=body.model,
        digest=served.spec.digest,
        service_tier="default" if body.service_tier else None,
    )
    if body.stream and not body.debug_render_only:
        encoder = ChatStreamEncoder(
            identity,
            include_usage=bool(body.stream_options.include_usage),
            n_choices=body.n,
            look=look,
            obfuscates=bool(body.stream_options.include_obfuscation),
        )
        return await stream_when_ready(opening, encoder, content_type=SSE, headers=headers)
    choices = await opening
    answers = await collect(choices, n_choices=len(asks))
    if body.debug_render_only:
        return json_response(rendered_completion(identity, answers[0].text, asks[0].prompt), headers=headers(choices))
    return json_response(chat_completion(identity, answers, look), headers=headers(choices))


async def _asks(body: ChatBody, served: ServedModel) -> list[Ask]:
    serving.require_completion(served, requested=body.model, act="chat")
    form = chat_form(body, served)
    turns = await request_turns(body.messages, served)
    asks = asks_for(
        body,
        served,
        [chat_prompt(served, turns, form=form)],
        top_logprobs=body.wanted_logprobs,
        form=form,
        constraint=format_constraint(body.response_format),
    )
    return [replace(asks[0], render_only=True)] if body.debug_render_only else asks
