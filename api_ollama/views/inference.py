"""POST /api/generate and /api/chat: answer, load (nothing to answer) or unload (and keep_alive 0)."""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api_ollama.chunks import ChunkEncoder, Endpoint, bare_response, rendered_response, whole_response
from api_ollama.formats import constraint_of
from api_ollama.images import decoded_images
from api_ollama.wire import ChatBody, GenerateBody, InferenceBody, decode
from inference.request import Prompt, TextPrompt, images_of
from models_app import serving
from models_app.entries import ServedModel
from models_app.errors import ModelNotFound
from models_app.serving.answer_form import TEXT_FORM, AnswerForm, Think, answer_form, model_think
from models_app.serving.prompts import chat_prompt, single_prompt
from power_site.http import (
    NDJSON,
    SSE,
    BadRequest,
    ignored_options_header,
    json_response,
    read_json,
    wants_sse,
)
from power_site.streams import stream_response


async def generate(request: HttpRequest) -> HttpResponseBase:
    begun_at = time.perf_counter()
    body = decode(await read_json(request), GenerateBody)
    served = await _served(body.model)
    if not body.prompt and body.keep_alive_seconds() == 0:
        return _unload("generate", body, served)
    form = _generate_form(body, served)
    if not body.prompt:
        return await _load("generate", body, served)
    prompt = _generate_prompt(body, served, form)
    return await _answer("generate", request, body, served, prompt, form=form, begun_at=begun_at)


async def chat(request: HttpRequest) -> HttpResponseBase:
    begun_at = time.perf_counter()
    body = decode(await read_json(request), ChatBody)
    if not body.model:
        raise BadRequest("model is required", field="model")
    served = await serving.model_resolve(body.model)
    if not body.messages and body.keep_alive_seconds() == 0:
        return _unload("chat", body, served)
    form = _chat_form(body, served)
    if not body.messages:
        return await _load("chat", body, served)
    prompt = chat_prompt(served, body.turns(), form=form)
    return await _answer("chat", request, body, served, prompt, form=form, begun_at=begun_at)


async def _served(name: str) -> ServedModel:
    """Generate answers 404 to an empty name, and 400 to one that is no name at all."""
    if not name:
        raise ModelNotFound(name)
    return await serving.model_resolve(name)


async def _answer(
    endpoint: Endpoint,
    request: HttpRequest,
    body: InferenceBody,
    served: ServedModel,
    prompt: Prompt,
    *,
    form: AnswerForm,
    begun_at: float,
) -> HttpResponseBase:
    options = serving.served_options(served, body.options)
    ask = serving.Ask(
        prompt=prompt,
        options=options,
        top_logprobs=body.wanted_logprobs,
        truncate=body.truncate,
        shift=body.shift,
        return_context=endpoint == "generate" and not isinstance(prompt, TextPrompt),
        render_only=body.debug_render_only,
        keep_alive_seconds=body.keep_alive_seconds(),
        form=form,
        constraint=form.constraint or constraint_of(body.format, grammar=options.grammar),
    )
    generation = await serving.generation_start(served, ask, begun_at=begun_at)
    headers = {**ignored_options_header(ask.options.ignored), **serving.truncation_header(generation.started)}
    if body.debug_render_only:
        rendered = await rendered_response(endpoint, body.model, generation, n_images=len(images_of(prompt)))
        return json_response(rendered, headers=headers)
    if not body.stream:
        return json_response(await whole_response(endpoint, body.model, generation), headers=headers)
    sse = wants_sse(request)
    encoder = ChunkEncoder(endpoint, body.model, generation, sse=sse)
    return stream_response(generation, encoder, content_type=SSE if sse else NDJSON, headers=headers)


async def _load(endpoint: Endpoint, body: InferenceBody, served: ServedModel) -> HttpResponseBase:
    options = serving.served_options(served, body.options)
    await serving.model_load(served, options, keep_alive_seconds=body.keep_alive_seconds())
    return json_response(bare_response(endpoint, body.model, done_reason="load"))


def _unload(endpoint: Endpoint, body: InferenceBody, served: ServedModel) -> HttpResponseBase:
    serving.model_unload(served)
    return json_response(bare_response(endpoint, body.model, done_reason="unload"))


def _generate_prompt(body: GenerateBody, served: ServedModel, form: AnswerForm) -> Prompt:
    images = decoded_images(body.images, "images")
    if body.raw:
        return TextPrompt(text=body.prompt, images=images)
    _check_context(body.context or (), served.spec.n_vocab)
    return single_prompt(
        served,
        body.prompt,
        system=body.system,
        context=body.context,
        template=body.template,
        think=form.think,
        suffix=body.suffix,
        images=images,
    )


def _check_context(context: Sequence[int], n_vocab: int) -> None:
    if any(token < 0 or 0 < n_vocab <= token for token in context):
        raise BadRequest("context must be made of tokens of this model", field="context")


def _generate_form(body: GenerateBody, served: ServedModel) -> AnswerForm:
    if body.raw and (body.template or body.system or body.context):
        raise BadRequest("raw mode does not support template, system, or context", field="raw")
    _refuse(body, served, endpoint="generate")
    if body.suffix:
        serving.require_capability(served, "insert")
    think = _think(body, served)
    if body.raw and not think:
        return TEXT_FORM  # who writes the whole prompt may want thoughts in the answer's text
    return answer_form(served, think=think, template=body.template)


def _chat_form(body: ChatBody, served: ServedModel) -> AnswerForm:
    _refuse(body, served, endpoint="chat")
    tools, choice = body.chosen_tools()
    # Ollama has no field that asks for one call only, and a small model that must call makes all that fit.
    one = choice.mode == "required"
    return answer_form(served, think=_think(body, served), tools=tools, choice=choice, parallel=not one)


def _think(body: InferenceBody, served: ServedModel) -> Think:
    return model_think(served, body.think, requested=body.model)


def _refuse(body: InferenceBody, served: ServedModel, *, endpoint: Endpoint) -> None:
    serving.require_completion(served, requested=body.model, act=endpoint)
