"""GET /v1/models and /v1/models/<name> for clients of Anthropic (platform.claude.com/docs/en/api/models-list)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from models_app import selectors
from models_app.entries import ModelEntry
from power_site.http import BadRequest, json_response, run_db

DEFAULT_LIMIT = 20
MAX_LIMIT = 1000


async def models(request: HttpRequest) -> HttpResponseBase:
    """The newest first, in pages. No model of ours is deprecated or retired."""
    entries = await run_db(selectors.model_list)
    stages = request.GET.getlist("lifecycle[]") or request.GET.getlist("lifecycle")
    if stages and "active" not in stages:
        entries = []
    page, has_more = _page([_model(entry, entry.name.short) for entry in entries], request)
    first, last = (page[0]["id"], page[-1]["id"]) if page else (None, None)
    return json_response({"data": page, "has_more": has_more, "first_id": first, "last_id": last})


async def model(request: HttpRequest, name: str) -> HttpResponseBase:
    return json_response(_model(await run_db(selectors.model_get, name), name))


def _page(models: Sequence[dict[str, Any]], request: HttpRequest) -> tuple[Sequence[dict[str, Any]], bool]:
    """The page and whether there is more in its direction. Raises BadRequest."""
    limit = _limit(request.GET.get("limit", str(DEFAULT_LIMIT)))
    names = [one["id"] for one in models]
    if before := request.GET.get("before_id"):
        end = _index(names, before, "before_id")
        return models[max(0, end - limit) : end], end > limit
    after = request.GET.get("after_id")
    start = _index(names, after, "after_id") + 1 if after else 0
    return models[start : start + limit], start + limit < len(models)


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MAX_LIMIT):
        raise BadRequest(f"limit must be between 1 and {MAX_LIMIT}", field="limit")
    return int(text)


def _index(names: Sequence[str], name: str, field: str) -> int:
    if name not in names:
        raise BadRequest(f"{field}: no model of that id is listed", field=field)
    return names.index(name)


def _model(entry: ModelEntry, shown: str) -> dict[str, Any]:
    context = entry.details.context_length or None
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
