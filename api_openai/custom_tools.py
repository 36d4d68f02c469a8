"""Custom tools, which are called with a text (platform.openai.com/docs/guides/function-calling, "Custom tools").

To the model each is a function of one text: so they work on any model, and in any family's syntax of calls.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from power_site.http import BadRequest

INPUT = "input"


def custom_function(tool: Mapping[str, Any], field: str) -> dict[str, Any]:
    """Its description and parameters. Raises BadRequest naming what of ``tool`` can't be had."""
    text: dict[str, Any] = {"type": "string", **_pattern(tool.get("format") or {}, f"{field}.format")}
    parameters = {"type": "object", "properties": {INPUT: text}, "required": [INPUT], "additionalProperties": False}
    return {"description": tool.get("description") or "", "parameters": parameters}


def custom_input(arguments: str) -> str:
    """The text that a call was made with, from its arguments. Half a surrogate pair is no text."""
    return str(json.loads(arguments).get(INPUT, "")).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _pattern(form: Mapping[str, Any], field: str) -> dict[str, Any]:
    """A text by a regular expression is a schema's; one by a grammar can't stand in the middle of a call."""
    match form:
        case {} if form.get("type", "text") == "text":
            return {}
        case {"type": "grammar", "grammar": {"syntax": "regex", "definition": str(pattern)}}:
            return {"pattern": f"^(?:{_unanchored(pattern)})$"}
        case {"type": "grammar", "syntax": "regex", "definition": str(pattern)}:  # as on /v1/responses
            return {"pattern": f"^(?:{_unanchored(pattern)})$"}
    raise BadRequest(f"{field}: a custom tool takes text, or a grammar with the syntax regex", field=field)


def _unanchored(pattern: str) -> str:
    return re.sub(r"^\^|(?<!\\)\$$", "", pattern)
