"""What a chat's answer is to be: thoughts, tools and their choice, and the response format."""

from __future__ import annotations

import orjson

from api_openai.chat.body import ChatBody, ResponseFormat
from api_openai.chat.tools import offered_tools
from inference.errors import NotSupported
from inference.request import Constraint
from models_app.entries import ServedModel
from models_app.serving.answer_form import THINKING_BUDGETS, AnswerForm, Think, answer_form, model_think
from power_site.http import BadRequest

# thinkFromReasoningEffort (Ollama's openai/openai.go); the SDK knows all but "ultra".
EFFORTS: dict[str, Think] = {
    "none": False,
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "max",
    "ultra": "max",
    "max": "max",
}


def chat_form(body: ChatBody, served: ServedModel) -> AnswerForm:
    """Any model may be offered tools: one that knows none is told of them in words. Raises BadRequest, NotSupported."""
    tools, choice = offered_tools(body)
    parallel = body.parallel_tool_calls and not body.is_legacy  # a message holds one function_call
    think = _think(body, served)
    return answer_form(served, think=think, tools=tools, choice=choice, parallel=parallel, generic=True)


def format_constraint(wanted: ResponseFormat | None) -> Constraint | None:
    """None for text. A schema is held to whether or not it says ``strict``. Raises BadRequest."""
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return Constraint(kind="json")
    named = wanted.json_schema
    if named is None or (named.strict and named.schema is None):
        missing = "response_format.json_schema" + ("" if named is None else ".schema")
        raise BadRequest(f"{missing} is required", field=missing)
    if named.schema is None:
        return Constraint(kind="json")
    try:
        return Constraint(kind="json_schema", text=orjson.dumps(named.schema).decode())
    except orjson.JSONEncodeError:  # it reads four times as deep as it writes
        field = "response_format.json_schema.schema"
        raise BadRequest(f"{field} is nested too deeply", field=field) from None


def _think(body: ChatBody, served: ServedModel) -> Think:
    field, effort = ("reasoning.effort", body.reasoning.effort) if body.reasoning.effort else (
        "reasoning_effort", body.reasoning_effort
    )  # fmt: skip
    if effort and effort not in EFFORTS:
        raise BadRequest(f'invalid {field}: "{effort[:64]}" (it must be one of {", ".join(EFFORTS)})', field=field)
    if not effort and body.think not in (None, *THINKING_BUDGETS):
        raise BadRequest("invalid think value: it must be true, false, low, medium, high or max", field="think")
    try:
        return model_think(served, EFFORTS[effort] if effort else body.think, requested=body.model)
    except NotSupported as error:
        raise BadRequest(str(error), field=field if effort else "think") from None
