"""``--format``: "json", a JSON schema, or the path of a file that holds one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_MAX_BYTES = 2**20


class FormatError(Exception):
    """``str(error)`` is one sentence."""


def answer_format(text: str) -> str | dict[str, Any]:
    """The ``format`` of a request. Raises FormatError where ``text`` is none of the three."""
    if text == "json":
        return text
    source = text if text.lstrip().startswith("{") else _file_text(text)
    try:
        schema = json.loads(source)
    except (ValueError, RecursionError):
        raise FormatError("the format is not valid JSON") from None
    if not isinstance(schema, dict):
        raise FormatError("the format has to be a JSON schema, which is an object")
    return schema


def _file_text(name: str) -> str:
    try:
        with Path(name).open(encoding="utf-8") as file:
            return file.read(_MAX_BYTES)
    except (OSError, UnicodeDecodeError):
        raise FormatError(f"invalid format {name!r}: neither 'json', a JSON schema nor a file with one") from None
