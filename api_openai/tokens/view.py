"""POST /tokenize and /detokenize, GET /tokenizer_info, and the same below /v1: what a model makes of a text."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api_openai.body import refuse, unknown_fields
from api_openai.chat.messages import request_turns
from api_openai.tokens.body import REFUSED, DetokenizeBody, TokenizeBody
from api_openai.tokens.meant import model_meant
from inference import Tokenized
from inference.request import Prompt, TextPrompt
from models_app import serving
from models_app.entries import ServedModel
from models_app.serving.answer_form import answer_form
from models_app.serving.prompts import chat_prompt
from models_app.serving.tokens import model_describe, prompt_tokenize, tokens_detokenize
from models_app.serving.tools import parse_tools
from power_site.http import convert, ignored_options_header, json_response, read_json


async def tokenize(request: HttpRequest) -> HttpResponseBase:
    fields = await read_json(request)
    body = convert(fields, TokenizeBody)
    refuse(fields, REFUSED)
    served = await model_meant(body.model)
    options = serving.served_options(served, body.options)
    found = await prompt_tokenize(
        served,
        await _prompt(body, served),
        add_special=None if body.messages is not None else body.adds_special,
        parse_special=body.parse_special,
        options=options,
        keep_alive_seconds=None if body.keep_alive is None else serving.keep_alive_seconds(body.keep_alive),
    )
    headers = ignored_options_header((*options.ignored, *unknown_fields(fields, TokenizeBody, known=REFUSED)))
    return json_response(_tokens(found, body, served), headers=headers)


async def detokenize(request: HttpRequest) -> HttpResponseBase:
    body = convert(await read_json(request), DetokenizeBody)
    served = await model_meant(body.model)
    text = await tokens_detokenize(served, body.tokens)
    return json_response({"model": served.name.short, "prompt": text, "content": text})


async def tokenizer_info(request: HttpRequest) -> HttpResponseBase:
    """``?model=`` says of which one."""
    served = await model_meant(request.GET.get("model", ""))
    info = await model_describe(served)
    special = {} if info.vocabulary is None else info.vocabulary.special
    answer: dict[str, Any] = {
        "model": served.name.short,
        "tokenizer_class": "llama.cpp",
        "vocab_size": served.spec.n_vocab if info.vocabulary is None else info.vocabulary.n_tokens,
        "max_model_len": info.n_ctx,
        "model_max_length": info.n_ctx,
        "add_bos_token": info.vocabulary is not None and info.vocabulary.adds_bos,
        "add_eos_token": info.vocabulary is not None and info.vocabulary.adds_eos,
        "special_tokens": {role: token.id for role, token in special.items()},
        "chat_template": served.chat_template or None,
    }
    for role in ("bos", "eos", "pad"):
        token = special.get(role)
        answer |= {f"{role}_token": token and token.text, f"{role}_token_id": token and token.id}
    return json_response(answer)


async def _prompt(body: TokenizeBody, served: ServedModel) -> Prompt:
    if body.messages is None:
        return TextPrompt(text=body.prompt or body.content or "")
    serving.require_completion(served, requested=served.name.short, act="chat")
    form = answer_form(served, tools=parse_tools(body.tools), generic=True)
    return chat_prompt(served, await request_turns(body.messages, served), form=form)


def _tokens(found: Tokenized, body: TokenizeBody, served: ServedModel) -> dict[str, Any]:
    tokens: list[Any] = list(found.tokens)
    if body.with_pieces:
        tokens = [{"id": token, "piece": _piece(piece)} for token, piece in zip(tokens, found.pieces, strict=True)]
    answer = {"model": served.name.short, "count": found.n_tokens, "max_model_len": found.n_ctx, "tokens": tokens}
    if body.return_token_strs:
        answer["token_strs"] = [piece.decode(errors="replace") for piece in found.pieces]
    return answer


def _piece(piece: bytes) -> str | list[int]:
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return list(piece)
