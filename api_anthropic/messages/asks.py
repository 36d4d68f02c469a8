"""From a typed body to what the engine is asked: the same for counting as for answering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from api_anthropic.messages.body import DEFAULTS, Body, FormatParam, MessageBody
from api_anthropic.messages.context import managed
from api_anthropic.messages.thinking import wanted_thinking
from api_anthropic.messages.tools import engine_tool_choice, engine_tools
from api_anthropic.messages.turns import engine_turns
from api_anthropic.messages.walk import blocks_within
from inference.errors import InvalidOption
from inference.options import ParsedOptions
from inference.request import Constraint
from models_app import serving
from models_app.entries import ServedModel
from models_app.serving import Ask
from models_app.serving.answer_form import answer_form
from models_app.serving.media import media_admit
from models_app.serving.prompts import chat_prompt
from models_app.serving.tokens import prompt_count
from power_site.http import BadRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """``uncleared`` is the same with all thoughts of earlier turns, where ``n_cleared`` of them lost theirs."""

    ask: Ask
    uncleared: Ask
    n_cleared: int = 0


async def asked_for(body: Body, served: ServedModel) -> Asked:
    """Nothing is ever cut from a prompt here, nor from an answer's beginning. Raises BadRequest, InvalidRequest."""
    serving.require_completion(served, requested=body.model, act="chat")
    thinking = wanted_thinking(body, served)
    tools = engine_tools(body.tools)
    choice, parallel = engine_tool_choice(body.tool_choice, tools)
    form = thinking.of(
        answer_form(served, think=thinking.think, tools=tools, choice=choice, parallel=parallel, generic=True)
    )
    media_admit(served, _n_images(body))
    turns = await engine_turns(body)
    kept = managed(turns, body.context_management)
    options = _options(body, served)
    ask = Ask(
        prompt=chat_prompt(served, kept.turns, form=form),
        options=options,
        truncate=False,
        shift=False,
        keep_alive_seconds=None if body.keep_alive is None else serving.keep_alive_seconds(body.keep_alive),
        form=form,
        constraint=_constraint(body.format),
        user=(body.metadata.user_id or "") if isinstance(body, MessageBody) else "",
    )
    uncleared = replace(ask, prompt=chat_prompt(served, turns, form=form)) if kept.n_cleared else ask
    return Asked(ask=ask, uncleared=uncleared, n_cleared=kept.n_cleared)


async def n_cleared_tokens(served: ServedModel, asked: Asked) -> int:
    if not asked.n_cleared:
        return 0
    return await prompt_count(served, asked.uncleared) - await prompt_count(served, asked.ask)


def _n_images(body: Body) -> int:
    """Before any of them is fetched."""
    return sum(block.get("type") == "image" for message in body.messages for block in blocks_within(message.content))


def _options(body: Body, served: ServedModel) -> ParsedOptions:
    try:
        return serving.served_options(served, _sampling(body, served), defaults=DEFAULTS)
    except InvalidOption as error:
        if error.option != "stop":
            raise
        raise BadRequest(str(error).replace('option "stop"', "stop_sequences"), field="stop_sequences") from None


def _sampling(body: Body, served: ServedModel) -> dict[str, Any]:
    """What the model's own PARAMETERs stop at ends its turn, whatever else the client wants to stop at."""
    sampling = body.sampling()
    if isinstance(body, MessageBody) and body.stop_sequences:
        sampling = sampling | {"stop": [*body.stop_sequences, *_stops(served.parameters.get("stop"))]}
    return sampling


def _stops(value: Any) -> Sequence[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _constraint(wanted: FormatParam | None) -> Constraint | None:
    if wanted is None:
        return None
    try:
        return Constraint(kind="json_schema", text=orjson.dumps(wanted.schema).decode())
    except orjson.JSONEncodeError:  # it reads four times as deep as it writes
        raise BadRequest("output_config.format.schema is nested too deeply", field="output_config") from None
