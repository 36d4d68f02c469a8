"""POST /v1/chat/completions."""

from __future__ import annotations

import time

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api_openai.asks import asks_for, response_headers
from api_openai.chat.body import ChatBody, refuse_unsupported
from api_openai.chat.chunks import ChatStreamEncoder, chat_completion
from api_openai.chat.messages import engine_messages
from api_openai.choices import open_choices
from api_openai.collect import collect
from api_openai.identity import Identity
from models_app import serving
from models_app.entries import ServedModel
from models_app.serving.prompts import chat_prompt
from power_site.http import SSE, BadRequest, convert, json_response, read_json
from power_site.streams import stream_response


async def chat_completions(request: HttpRequest) -> HttpResponseBase:
    begun_at = time.perf_counter()
    fields = await read_json(request)
    body = convert(fields, ChatBody)
    served = await serving.model_resolve(body.model)
    _require(body, served)
    refuse_unsupported(fields)
    prompt = chat_prompt(served, engine_messages(body.messages))
    asks = asks_for(body, served, [prompt], top_logprobs=body.wanted_logprobs)
    choices = await open_choices(served, asks, begun_at=begun_at)
    headers = response_headers(asks[0], choices)
    identity = Identity.of("chatcmpl", model=body.model, digest=served.spec.digest)
    if not body.stream:
        return json_response(chat_completion(identity, await collect(choices, n_choices=body.n)), headers=headers)
    encoder = ChatStreamEncoder(identity, include_usage=body.stream_options.include_usage, n_choices=body.n)
    return stream_response(choices, encoder, content_type=SSE, headers=headers)


def _require(body: ChatBody, served: ServedModel) -> None:
    serving.require_completion(served, requested=body.model, act="chat")
    if body.tools:
        serving.require_capability(served, "tools")
        raise BadRequest("tools is not supported by this server yet", field="tools")
