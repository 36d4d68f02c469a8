"""One turn of a conversation: a request with its model, its prompt, and the response that is to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from msgspec.structs import replace

from api_openai.body import DEFAULTS, refuse, unknown_fields
from api_openai.chat.form import EFFORTS
from api_openai.responses.body import ENCRYPTED, NOT_SUPPORTED, ResponseBody, TextFormat
from api_openai.responses.conversation import conversation_items, items_resolved
from api_openai.responses.envelope import Envelope, new_envelope
from api_openai.responses.identifiers import new_id
from api_openai.responses.items import REFERENCE, Item, n_media_in, parsed_items
from api_openai.responses.tools import custom_names, engine_tools, namespaces, tool_choice, untaken_offers
from api_openai.responses.transcript import Look, Transcript
from api_openai.responses.turns import engine_messages
from inference.errors import NotSupported
from inference.request import Constraint, Message
from models_app import serving
from models_app.entries import ServedModel
from models_app.serving import Ask
from models_app.serving.answer_form import AnswerForm, Think, answer_form, model_think
from models_app.serving.media import media_admit
from models_app.serving.prompts import chat_prompt
from power_site.conf import config
from power_site.http import BadRequest, convert, run_db

# Below what orjson writes (254), with room for what stands around it.
MAX_DEPTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """``ignored`` are names of fields and options that mean nothing here."""

    body: ResponseBody
    served: ServedModel
    ask: Ask
    input_items: Sequence[Item]
    envelope: Envelope
    ignored: Sequence[str] = ()

    def transcript(self) -> Transcript:
        reasoning, tools = self.body.reasoning, self.body.tools
        look = Look(
            summary=reasoning is not None and reasoning.wants_summary,
            encrypted=ENCRYPTED in self.body.include,
            custom=custom_names(tools),
            namespaces=namespaces(tools),
        )
        return Transcript(self.envelope, look)


async def turn_of(fields: Mapping[str, Any]) -> Turn:
    """Raises BadRequest, and what looking up the model raises."""
    refuse(fields, NOT_SUPPORTED)
    _require_shallow(fields)
    body = _stored_or_not(convert(fields, ResponseBody))
    served = await serving.model_resolve(body.model)
    serving.require_completion(served, requested=body.model, act="chat")
    form = _form(body, served)
    items = await _input_items(body)
    options = serving.served_options(served, body.sampling(), defaults=DEFAULTS)
    ask = Ask(
        prompt=chat_prompt(served, await _messages(body, items, served), form=form),
        options=options,
        top_logprobs=body.wanted_logprobs,
        truncate=body.truncation == "auto",
        shift=False,
        keep_alive_seconds=None if body.keep_alive is None else serving.keep_alive_seconds(body.keep_alive),
        form=form,
        constraint=_constraint(body.text.format),
        user=body.safety_identifier or body.user or "",
        metadata=body.metadata,
    )
    envelope = new_envelope(body, options, response_id=new_id("response"))
    untaken = (f"tools.{index}.{kind}" for index, kind in untaken_offers(body.tools).items())
    ignored = (*unknown_fields(fields, ResponseBody, known=NOT_SUPPORTED), *options.ignored, *untaken)
    return Turn(body=body, served=served, ask=ask, input_items=items, envelope=envelope, ignored=ignored)


def _stored_or_not(body: ResponseBody) -> ResponseBody:
    """Nothing is stored where the setting leaves no room for it."""
    if config().response_max_bytes:
        return body
    if body.background:
        raise BadRequest("this server stores no responses, and so has none in the background", field="background")
    return replace(body, store=False)


async def _input_items(body: ResponseBody) -> list[Item]:
    items = parsed_items(body.input)
    if any(item["type"] == REFERENCE for item in items):
        return await run_db(items_resolved, items)
    return items


async def _messages(body: ResponseBody, items: Sequence[Item], served: ServedModel) -> list[Message]:
    earlier = await run_db(conversation_items, body.previous_response_id) if body.previous_response_id else []
    everything = [*earlier, *items]
    if not everything:
        raise BadRequest('One of "input" or "previous_response_id" must be provided.', field="input")
    media_admit(served, n_media_in(everything))
    return await engine_messages(
        everything,
        instructions=body.instructions,
        n_earlier=len(earlier),
        forget_thoughts=body.reasoning is not None and body.reasoning.context == "current_turn",
    )


def _form(body: ResponseBody, served: ServedModel) -> AnswerForm:
    tools = engine_tools(body.tools)
    return answer_form(
        served,
        think=_think(body, served),
        tools=tools,
        choice=tool_choice(body.tool_choice, tools),
        parallel=body.parallel_tool_calls,
        generic=True,
    )


def _think(body: ResponseBody, served: ServedModel) -> Think:
    effort, field = (body.reasoning.effort if body.reasoning else None), "reasoning.effort"
    if effort is not None and effort not in EFFORTS:
        raise BadRequest(f"{field} must be one of {', '.join(EFFORTS)}", field=field)
    try:
        return model_think(served, None if effort is None else EFFORTS[effort], requested=body.model)
    except NotSupported as error:
        raise BadRequest(str(error), field=field) from None


def _constraint(wanted: TextFormat | None) -> Constraint | None:
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return Constraint(kind="json")
    return Constraint(kind="json_schema", text=orjson.dumps(wanted.schema).decode())


def _require_shallow(fields: Mapping[str, Any]) -> None:
    """What can be read four times as deep as it can be written would be read, answered, and then not be stored."""
    for name, value in fields.items():
        level = [value]
        for _ in range(MAX_DEPTH):
            level = [child for each in level for child in _children(each)]
        if level:
            raise BadRequest(f"{name} is nested too deeply", field=name)


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
