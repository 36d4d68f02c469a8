"""What a chat's answer is to be: thoughts, tools and their choice, and the response format."""

from __future__ import annotations

import orjson

from api_openai.chat.body import ChatBody, ResponseFormat
from inference.errors import NotSupported
from inference.request import Constraint
from models_app.entries import ServedModel
from models_app.serving.answer_form import THINKING_BUDGETS, AnswerForm, Think, answer_form, model_think
from models_app.serving.tools import Tool, ToolChoice, parse_tool_choice, parse_tools
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
    tools, choice = _legacy_tools(body) if body.is_legacy else _tools(body)
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


def _tools(body: ChatBody) -> tuple[tuple[Tool, ...], ToolChoice]:
    if body.function_call not in ("", "none", "auto"):
        raise BadRequest("function_call is of no use without functions", field="function_call")
    for index, tool in enumerate(body.tools):
        kind = tool.get("type", "function") if isinstance(tool, dict) else "function"
        if kind != "function":
            field = f"tools[{index}].type"
            raise BadRequest(f'{field}: tools of type "{str(kind)[:64]}" are not supported', field=field)
    tools = parse_tools(body.tools)
    return tools, parse_tool_choice(body.tool_choice, tools)


def _legacy_tools(body: ChatBody) -> tuple[tuple[Tool, ...], ToolChoice]:
    if body.tools:
        raise BadRequest("functions and tools exclude each other", field="functions")
    try:
        tools = parse_tools([{"type": "function", "function": each} for each in body.functions])
    except BadRequest as error:
        raise _renamed(error) from None
    name = body.function_call.get("name") if isinstance(body.function_call, dict) else None
    wanted = {"type": "function", "function": {"name": name}} if name is not None else body.function_call
    try:
        return tools, parse_tool_choice(wanted, tools)
    except BadRequest:
        names = 'it must be "none", "auto" or {"name": <one of the functions>}'
        raise BadRequest(f"invalid function_call: {names}", field="function_call") from None


def _renamed(error: BadRequest) -> BadRequest:
    def old(text: str) -> str:
        return text.replace("tools[", "functions[").replace("].function", "]")

    return BadRequest(old(str(error)), field=old(error.field or ""))
