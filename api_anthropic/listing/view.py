"""GET /v1/models and /v1/models/<name> for clients of Anthropic (platform.claude.com/docs/en/api/models-list)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from models_app import selectors
from models_app.entries import ModelEntry, ServedModel
from models_app.errors import ModelNotFound
from models_app.serving.context import served_context
from power_site.http import BadRequest, json_response, run_db

DEFAULT_LIMIT = 20
MAX_LIMIT = 1000


async def models(request: HttpRequest) -> HttpResponseBase:
    """The newest first, in pages. No model of ours is deprecated or retired."""
    entries = await run_db(selectors.model_list)
    stages = request.GET.getlist("lifecycle[]") or request.GET.getlist("lifecycle")
    if stages and "active" not in stages:
        entries = []
    shown, has_more = _page(entries, request)
    page = await _models({entry.name.short: entry for entry in shown})
    first, last = (page[0]["id"], page[-1]["id"]) if page else (None, None)
    return json_response({"data": page, "has_more": has_more, "first_id": first, "last_id": last})


async def model(request: HttpRequest, name: str) -> HttpResponseBase:
    (shown,) = await _models({name: await run_db(selectors.model_get, name)})
    return json_response(shown)


async def _models(entries: Mapping[str, ModelEntry]) -> list[dict[str, Any]]:
    """By the names that they are asked for."""
    served = await run_db(_served, list(entries))
    return [_model(entry, name, _context(served[name])) for name, entry in entries.items()]


def _served(names: Sequence[str]) -> dict[str, ServedModel | None]:
    """None for one that is gone meanwhile."""
    found: dict[str, ServedModel | None] = dict.fromkeys(names)
    for name in names:
        with suppress(ModelNotFound):
            found[name] = selectors.model_served(name)
    return found


def _context(served: ServedModel | None) -> int | None:
    return None if served is None else served_context(served)


def _page(entries: Sequence[ModelEntry], request: HttpRequest) -> tuple[Sequence[ModelEntry], bool]:
    """The page and whether there is more in its direction. Raises BadRequest."""
    limit = _limit(request.GET.get("limit", str(DEFAULT_LIMIT)))
    names = [entry.name.short for entry in entries]
    if before := request.GET.get("before_id"):
        end = _index(names, before, "before_id")
        return entries[max(0, end - limit) : end], end > limit
    after = request.GET.get("after_id")
    start = _index(names, after, "after_id") + 1 if after else 0
    return entries[start : start + limit], start + limit < len(entries)


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MAX_LIMIT):
        raise BadRequest(f"limit must be between 1 and {MAX_LIMIT}", field="limit")
    return int(text)


def _index(names: Sequence[str], name: str, field: str) -> int:
    if name not in names:
        raise BadRequest(f"{field}: no model of that id is listed", field=field)
    return names.index(name)


def _model(entry: ModelEntry, shown: str, context: int | None) -> dict[str, Any]:
    """``context`` is what a request gets, which is less than the model was trained for where the server gives less."""
    return {
        "type": "model",
        "id": shown,
        "display_name": shown,
        "created_at": entry.modified_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lifecycle": "active",
        "line": None,
        "deprecated_at": None,
        "retires_at": None,
        "max_input_tokens": context,
        "max_tokens": context,
        "capabilities": _capabilities(entry.capabilities),
    }


def _capabilities(known: Sequence[str]) -> dict[str, Any]:
    """In the SDK's words (ModelCapabilities), whose every entry is an object."""
    thinks, answers = "thinking" in known, "completion" in known
    no, levels = _supported(False), ("low", "medium", "high", "xhigh", "max")
    return {
        "batch": no,
        "citations": no,
        "code_execution": no,
        "context_management": {
            "supported": answers,
            "clear_thinking_20251015": _supported(answers),
            "clear_tool_uses_20250919": no,
            "compact_20260112": no,
        },
        "effort": {"supported": thinks, **{level: _supported(thinks) for level in levels}},
        "image_input": _supported("vision" in known),
        "pdf_input": no,
        "server_tools": {"supported": False, "code_execution": no, "web_search": no},
        "structured_outputs": _supported(answers),
        "thinking": {
            "supported": thinks,
            "types": {
                "adaptive": _supported(thinks),
                "between_tools": no,
                "disabled": _supported(answers),
                "enabled": _supported(thinks),
            },
        },
    }


def _supported(value: bool) -> dict[str, bool]:
    return {"supported": value}
