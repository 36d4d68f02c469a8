"""The tables of all wires, what two of them have at one path, and the house's own pages."""

from __future__ import annotations

from dataclasses import replace

from msgspec import Struct

from api_anthropic.listing import view as anthropic_models
from api_anthropic.operations import OPERATIONS as ANTHROPIC
from api_ollama.operations import OPERATIONS as OLLAMA
from api_ollama.responses import ErrorResponse
from api_openai.listing import view as openai_models
from api_openai.operations import OPERATIONS as OPENAI
from power_site import views
from power_site.openapi.operation import JSON, TEXT, Handler, Operation, whole


class HealthResponse(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    status: str
    version: str
    uptime_seconds: int
    loaded_models: int


def _house(summary: str, **fields: object) -> Operation:
    return Operation(summary=summary, tag="Power", error=ErrorResponse, **fields)  # type: ignore[arg-type]


HOUSE: dict[Handler, Operation] = {
    views.heartbeat: _house("Whether the server runs, in Ollama's words", statuses={200: {TEXT: ()}}),
    views.health: _house("How the server is", statuses={200: whole(HealthResponse)}),
    views.metrics_text: _house("Metrics in Prometheus' text format", statuses={200: {TEXT: ()}}),
    views.openapi: _house("This document", statuses={200: {JSON: ()}}),
}


def _either(ours: Operation, theirs: Operation) -> Operation:
    """Which of the answers it is, a header says (power_site/wires.py)."""
    types = (*ours.statuses[200][JSON], *theirs.statuses[200][JSON])
    return replace(ours, statuses={200: {JSON: types}}, query={**ours.query, **theirs.query})


SHARED: dict[Handler, Operation] = {
    ours: _either(OPENAI[ours], ANTHROPIC[theirs])
    for ours, theirs in (
        (openai_models.models, anthropic_models.models),
        (openai_models.model, anthropic_models.model),
    )
}
OPERATIONS: dict[Handler, Operation] = {**OLLAMA, **OPENAI, **ANTHROPIC, **SHARED, **HOUSE}
