"""Settings for people: one resolved value as text, and the table of all of them as Markdown for the README."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from inference.durations import format_duration
from power_site.conf.resolve import Resolved
from power_site.conf.table import Setting, settings

MASK = "********"


def value_text(entry: Resolved) -> str:
    """The value as config.toml would spell it; a secret that is set only as a mask."""
    if entry.setting.secret:
        return MASK if entry.value else '""'
    return _text(entry.value)


def json_value(entry: Resolved) -> Any:
    """The value as JSON can hold it; "forever" for an endless duration."""
    if entry.setting.secret:
        return MASK if entry.value else None
    match entry.value:
        case Path():
            return str(entry.value)
        case float() if math.isinf(entry.value):
            return "forever"
    return entry.value


def markdown(rows: Iterable[Setting] | None = None) -> str:
    """The table as the README holds it, between its markers."""
    lines = ["| setting | default | allowed | what it does | environment |", "|---|---|---|---|---|"]
    lines += [_markdown_row(row) for row in (settings() if rows is None else rows)]
    return "\n".join(lines)


def _markdown_row(row: Setting) -> str:
    variables = f"`{row.variable}`" + (f", `{row.ollama}`" if row.ollama else "")
    default = "" if row.default is None or row.secret else f"`{_text(row.default)}`"
    if row.name == "home":
        variables = "`A3S_POWER_HOME` (not in config.toml)"
    return f"| `{row.name}` | {default} | {row.kind.allowed} | {row.help} | {variables} |"


def _text(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float() if math.isinf(value):
            return "forever"
        case float():
            return format_duration(value)
        case tuple():
            return "[" + ", ".join(repr(part) for part in value) + "]"
    return str(value)
