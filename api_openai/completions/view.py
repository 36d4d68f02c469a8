"""POST /v1/completions: the prompt goes to the model as it stands, without a template."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api_openai.asks import asks_for, response_headers
from api_openai.body import unknown_fields
from api_openai.choices import Choices, open_choices
from api_openai.collect import collect
from api_openai.completions.body import CompletionBody
from api_openai.completions.chunks import CompletionStreamEncoder
from api_openai.completions.prompts import echo_of, prompts_of
from api_openai.completions.whole import text_completion
from api_openai.identity import Identity
from inference.request import Prompt
from models_app import serving
from models_app.entries import ServedModel
from models_app.serving import Ask
from power_site.http import SSE, convert, json_response, read_json
from power_site.streams import stream_when_ready


async def completions(request: HttpRequest) -> HttpResponseBase:
    begun_at = time.perf_counter()
    fields = await read_json(request)
    body = convert(fields, CompletionBody)
    served = await serving.model_resolve(body.model)
    serving.require_completion(served, requested=body.model, act="generate")
    prompts = prompts_of(body, served)
    asks = _asks(body, served, prompts)
    headers = partial(response_headers, asks[0], unknown=unknown_fields(fields, CompletionBody))
    identity = Identity.of("cmpl", model=body.model, digest=served.spec.digest)
    if body.stream:
        encoder = CompletionStreamEncoder(
            identity,
            include_usage=bool(body.stream_options.include_usage),
            per_prompt=body.n,
            n_choices=len(asks),
            obfuscates=bool(body.stream_options.include_obfuscation),
        )
        opening = _opened(body, served, prompts, asks, encoder, begun_at=begun_at)
        return await stream_when_ready(opening, encoder, content_type=SSE, headers=headers)
    choices = await open_choices(served, asks, begun_at=begun_at)
    answers = await collect(choices, n_choices=len(asks))
    echoes = [await echo_of(served, prompt) if body.echo else "" for prompt in prompts]
    return json_response(text_completion(identity, body, answers, echoes), headers=headers(choices))


def _asks(body: CompletionBody, served: ServedModel, prompts: Sequence[Prompt]) -> list[Ask]:
    """One of a prompt's candidates is asked for its logprobs, and answers for all; in a stream each has its own."""
    asks = asks_for(body, served, prompts, top_logprobs=body.wanted_logprobs)
    every = 1 if body.stream else body.n_candidates
    return [
        replace(ask, prompt_logprobs=body.prompt_logprobs) if index % every == 0 else ask
        for index, ask in enumerate(asks)
    ]


async def _opened(
    body: CompletionBody,
    served: ServedModel,
    prompts: Sequence[Prompt],
    asks: Sequence[Ask],
    encoder: CompletionStreamEncoder,
    *,
    begun_at: float,
) -> Choices:
    if body.echo:
        encoder.echoes = [echo for prompt in prompts for echo in [await echo_of(served, prompt)] * body.n]
    return await open_choices(served, asks, begun_at=begun_at)
