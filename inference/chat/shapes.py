"""Messages and switches in the shapes that Jinja chat templates expect, which differ from model to model.

Templates are written against Hugging Face's ``apply_chat_template``; what one of them needs is read off its source.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inference.request import Message

_ASKS_NONE = re.compile(r"content(?:['\"]\])?\s+is\s+(?:not\s+)?none", re.IGNORECASE)
# Mistral's templates refuse ids of any other length.
_SHORT_IDS = re.compile(r"\|\s*length\s*!=\s*9\b")
# gpt-oss knows three levels (Ollama maps the fourth as well, server/routes.go).
_NO_MAX = "<|channel|>"


@dataclass(frozen=True, slots=True)
class Shape:
    """``none_content``: a turn of calls only has no content rather than an empty one. ``short_ids``: ids of tool calls
    are nine letters and digits. ``max_effort``: it knows a reasoning effort above high. ``parts``: a text is a list of
    parts, as those of models that see have it."""

    parts: bool = False
    none_content: bool = False
    short_ids: bool = False
    max_effort: bool = True


def shape_of(source: str) -> Shape:
    return Shape(
        none_content=_ASKS_NONE.search(source) is not None,
        short_ids=_SHORT_IDS.search(source) is not None,
        max_effort=_NO_MAX not in source,
    )


def as_dict(message: Message, shape: Shape = Shape(), *, string_arguments: bool = False) -> dict[str, Any]:
    """A message as templates know it: absent rather than empty, and OpenAI's names.

    ``string_arguments`` are JSON as text, as OpenAI's own, rather than objects.
    """
    content = [{"type": "text", "text": message.content}] if shape.parts else message.content
    fields: dict[str, Any] = {"role": message.role, "content": content}
    if message.thinking:
        fields["thinking"] = fields["reasoning_content"] = message.thinking
    if message.tool_calls:
        fields["tool_calls"] = [_call(call, shape, as_text=string_arguments) for call in message.tool_calls]
        if shape.none_content and not message.content:
            fields["content"] = None
    if message.name:
        fields["name"] = message.name
    if message.tool_name:
        fields["name"] = fields["tool_name"] = message.tool_name
    if message.tool_call_id:
        fields["tool_call_id"] = _id(message.tool_call_id, shape)
    return fields


def _call(call: dict[str, Any], shape: Shape, *, as_text: bool) -> dict[str, Any]:
    shaped = dict(call)
    if "id" in shaped:
        shaped["id"] = _id(str(shaped["id"]), shape)
    function = shaped.get("function")
    if as_text and isinstance(function, dict) and "arguments" in function:
        shaped["function"] = function | {"arguments": json.dumps(function["arguments"], ensure_ascii=False)}
    return shaped


def _id(call_id: str, shape: Shape) -> str:
    if not shape.short_ids or (len(call_id) == 9 and call_id.isalnum()):
        return call_id
    return hashlib.sha256(call_id.encode()).hexdigest()[:9]


def think_variables(think: bool | str | None, shape: Shape) -> dict[str, Any]:
    """The switches' names are the models': Qwen's and GLM's ``enable_thinking``, Granite's and DeepSeek's ``thinking``,
    gpt-oss's ``reasoning_effort``. Nothing where the template is to decide."""
    if think is None:
        return {}
    variables: dict[str, Any] = {"enable_thinking": bool(think), "thinking": bool(think)}
    if isinstance(think, str):
        variables["reasoning_effort"] = "high" if think == "max" and not shape.max_effort else think
    return variables


def tools_list(tools: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "function", **tool} for tool in tools]
