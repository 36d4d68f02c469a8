"""POST /v1/completions: the prompt goes to the model as it stands, without a template."""

from __future__ import annotations

import time
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api_openai.asks import asks_for, response_headers
from api_openai.body import MAX_PROMPTS
from api_openai.choices import open_choices
from api_openai.collect import collect
from api_openai.completions.body import CompletionBody, refuse_unsupported
from api_openai.completions.chunks import CompletionStreamEncoder, text_completion
from api_openai.identity import Identity
from inference.request import TextPrompt, TokenPrompt
from models_app import serving
from power_site.http import SSE, BadRequest, convert, json_response, read_json
from power_site.streams import stream_response


async def completions(request: HttpRequest) -> HttpResponseBase:
    begun_at = time.perf_counter()
    fields = await read_json(request)
    body = convert(fields, CompletionBody)
    served = await serving.model_resolve(body.model)
    serving.require_completion(served, requested=body.model, act="generate")
    refuse_unsupported(fields)
    prompts = _prompts(body.prompt, n_vocab=served.spec.n_vocab)
    asks = asks_for(body, served, prompts, top_logprobs=body.wanted_logprobs)
    echoes = [_echo(prompt, echo=body.echo) for prompt in prompts for _ in range(body.n)]
    choices = await open_choices(served, asks, begun_at=begun_at)
    headers = response_headers(asks[0], choices)
    identity = Identity.of("cmpl", model=body.model, digest=served.spec.digest)
    if not body.stream:
        answers = await collect(choices, n_choices=len(asks))
        return json_response(text_completion(identity, answers, per_prompt=body.n, echoes=echoes), headers=headers)
    encoder = CompletionStreamEncoder(
        identity, include_usage=bool(body.stream_options.include_usage), per_prompt=body.n, echoes=echoes
    )
    return stream_response(choices, encoder, content_type=SSE, headers=headers)


def _prompts(prompt: str | list[Any], *, n_vocab: int) -> list[TextPrompt | TokenPrompt]:
    if isinstance(prompt, str):
        return [_prompt(prompt, n_vocab)]
    if not prompt or (len(prompt) > MAX_PROMPTS and not _is_token(prompt[0])):
        raise BadRequest(f"prompt must have between 1 and {MAX_PROMPTS} entries", field="prompt")
    return [_prompt(prompt, n_vocab)] if _is_token(prompt[0]) else [_prompt(one, n_vocab) for one in prompt]


def _prompt(prompt: Any, n_vocab: int) -> TextPrompt | TokenPrompt:
    if isinstance(prompt, str):
        return TextPrompt(text=prompt)
    if not isinstance(prompt, list) or not prompt or not all(map(_is_token, prompt)):
        raise BadRequest("prompt must be a string, strings, tokens or lists of tokens", field="prompt")
    if any(token < 0 or 0 < n_vocab <= token for token in prompt):
        raise BadRequest("prompt must be made of tokens of this model", field="prompt")
    return TokenPrompt(tokens=tuple(prompt))


def _is_token(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _echo(prompt: TextPrompt | TokenPrompt, *, echo: bool) -> str:
    if not echo:
        return ""
    if isinstance(prompt, TokenPrompt):
        raise BadRequest("echo needs a prompt of text", field="echo")
    return prompt.text
