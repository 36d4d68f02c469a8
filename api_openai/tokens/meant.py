"""Which model a request means that names none: lm-eval and llama-server's clients know of one model only."""

from __future__ import annotations

from models_app import selectors, serving
from models_app.entries import ServedModel
from power_site import runtime
from power_site.http import BadRequest, run_db


async def model_meant(name: str) -> ServedModel:
    """The one that is named; without a name the only one that is loaded, or the only one there is. Raises BadRequest,
    ModelNotFound."""
    return await serving.model_resolve(name or await _only_one())


async def _only_one() -> str:
    residents = runtime.pool().residents()
    if len(residents) == 1:
        return residents[0].name
    models = await run_db(selectors.model_list)
    if len(models) != 1:
        raise BadRequest(f"model is required: {len(residents)} are loaded, {len(models)} are here", field="model")
    return models[0].name.short
