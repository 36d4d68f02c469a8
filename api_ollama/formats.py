"""``format`` and ``options.grammar``: what an answer has to be (llm/llama_server.go; the option is ours)."""

from __future__ import annotations

import json
from typing import Any

import orjson

from inference.request import Constraint
from power_site.http import BadRequest

_SHOWN_CHARS = 200


def constraint_of(format: Any, *, grammar: str) -> Constraint | None:  # noqa: A002 - the field's name
    """None where the answer is free, as it is with ``""`` and null. Raises BadRequest."""
    wanted = _constraint_of_format(format)
    if wanted is not None and grammar:
        raise BadRequest('format and the option "grammar" exclude each other', field="format")
    return Constraint(kind="gbnf", text=grammar) if grammar else wanted


def _constraint_of_format(format: Any) -> Constraint | None:  # noqa: A002
    if format is None or format == "":
        return None
    if format == "json":
        return Constraint(kind="json")
    if isinstance(format, dict):
        return Constraint(kind="json_schema", text=_dumped(format))
    shown = json.dumps(json.dumps(format, ensure_ascii=False)[:_SHOWN_CHARS], ensure_ascii=False)
    message = f'invalid format: {shown}; expected "json" or a valid JSON Schema object'
    raise BadRequest(message, field="format")


def _dumped(schema: dict[str, Any]) -> str:
    try:
        return orjson.dumps(schema).decode()
    except orjson.JSONEncodeError:  # it reads four times as deep as it writes
        raise BadRequest("invalid format: it is nested too deeply", field="format") from None
