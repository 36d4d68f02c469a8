"""Which models are in memory: load, unload, remove, and with what options. On the loop's thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inference import LoadOptions, Resident
from inference.options import ParsedOptions, apply_load_options
from models_app import selectors
from models_app.entries import ModelEntry, ServedModel
from models_app.errors import ModelNotFound
from models_app.services.delete import model_delete
from power_site import runtime
from power_site.conf import config
from power_site.http import run_db


async def model_load(served: ServedModel, options: ParsedOptions, *, keep_alive_seconds: float | None) -> float:
    """Seconds it took, 0.0 when it was there."""
    load_options = served_load_options(served, options.load)
    return await runtime.pool().load(served.spec, load_options, keep_alive_seconds=keep_alive_seconds)


def model_unload(served: ServedModel) -> bool:
    return runtime.pool().unload(served.spec.digest)


async def model_remove(name: str) -> None:
    """Deletes the name; a model that has lost its last name is unloaded when its streams have ended.

    Raises InvalidModelName, ModelNotFound.
    """
    entry = await run_db(selectors.model_get, name)
    await run_db(model_delete, name=name)
    if not any(other.digest == entry.digest for other in await run_db(selectors.model_list)):
        runtime.pool().unload(entry.digest)


async def resident_models() -> list[tuple[Resident, ModelEntry | None]]:
    """What is loaded, latest expiry first, with its entry; None for one whose name is gone."""
    residents = runtime.pool().residents()
    return [(resident, await _entry_or_none(resident.name)) for resident in residents]


async def _entry_or_none(name: str) -> ModelEntry | None:
    try:
        return await run_db(selectors.model_get, name)
    except ModelNotFound:
        return None


def served_load_options(served: ServedModel, overrides: Mapping[str, Any]) -> LoadOptions:
    """An option that nobody asked for never makes a loaded model load again (Ollama's needsReload, server/sched.go)."""
    same = (r for r in runtime.pool().residents() if r.spec.digest == served.spec.digest and r.state != "stopping")
    resident = next(same, None)
    if resident is None:
        return apply_load_options(runtime.load_options(config()), overrides, n_ctx_train=served.spec.n_ctx_train)
    asked = {name: value for name, value in overrides.items() if (name, value) != ("num_ctx", resident.n_ctx)}
    return apply_load_options(resident.options, asked, n_ctx_train=served.spec.n_ctx_train)
