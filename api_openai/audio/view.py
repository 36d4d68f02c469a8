"""POST /v1/audio/transcriptions: a chat with a model that hears, as in Ollama (middleware/openai.go)."""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from api_openai.audio.body import TranscriptionBody, transcription_body
from api_openai.audio.events import TranscriptEncoder, transcription
from api_openai.audio.instruction import transcription_turns
from inference.errors import ShuttingDown
from models_app import serving
from models_app.entries import ServedModel
from models_app.serving import Ask, Generation, generation_start
from models_app.serving.answer_form import answer_form
from models_app.serving.answers import Draft
from models_app.serving.prompts import chat_prompt
from power_site.forms import read_form
from power_site.http import SSE, ignored_options_header, json_response
from power_site.streams import stream_when_ready

_TEXT = "text/plain; charset=utf-8"


async def transcriptions(request: HttpRequest) -> HttpResponseBase:
    begun_at = time.perf_counter()
    form = await read_form(request)
    body = transcription_body(form)
    served = await serving.model_resolve(body.model)
    opening = generation_start(served, _ask(body, served), begun_at=begun_at)
    headers = ignored_options_header(_unknown([*form.fields, *form.files]))
    if body.stream:
        encoder = TranscriptEncoder(logprobs=body.wants_logprobs)
        return await stream_when_ready(opening, encoder, content_type=SSE, headers=lambda generation: headers)
    answer = transcription(await _read(await opening), logprobs=body.wants_logprobs)
    if body.response_format == "text":
        return HttpResponse(answer["text"], content_type=_TEXT, headers=headers)
    return json_response(answer, headers=headers)


def _ask(body: TranscriptionBody, served: ServedModel) -> Ask:
    serving.require_completion(served, requested=body.model, act="chat")
    serving.require_capability(served, "audio")
    thinks = "thinking" in served.capabilities
    form = answer_form(served, think=False if thinks else None)
    return Ask(
        prompt=chat_prompt(served, transcription_turns(body), form=form),
        # The likeliest words are what was said: neither the model's PARAMETERs nor ours know that.
        options=serving.served_options(served, {"temperature": body.temperature}),
        top_logprobs=0 if body.wants_logprobs else None,
        truncate=False,
        shift=False,
        keep_alive_seconds=body.keep_alive_seconds(),
        form=form,
    )


async def _read(generation: Generation) -> Draft:
    draft = Draft()
    try:
        async for events in generation:
            for event in events:
                draft.add(event)
    finally:
        generation.close()
    if draft.answer().finished.reason == "shutdown":
        raise ShuttingDown
    return draft


def _unknown(names: Sequence[str]) -> list[str]:
    return sorted(set(names) - set(TranscriptionBody.__struct_encode_fields__))
