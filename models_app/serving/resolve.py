"""Which model a request means, what it can do, and its options. On the loop's thread."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from inference.durations import InvalidDuration, forever_if_negative, parse_duration
from inference.errors import NotSupported
from inference.options import ParsedOptions, parse_options
from models_app import selectors
from models_app.entries import ServedModel
from models_app.serving.coalesce import Coalesced
from power_site.http import BadRequest, run_db

# Go's time.Duration counts nanoseconds in 63 bits; what is longer is for ever.
_LONGEST_SECONDS = 2**63 / 10**9


async def _look_up(name: str) -> ServedModel:
    return await run_db(selectors.model_served, name)


_lookups = Coalesced(_look_up)


async def model_resolve(name: str) -> ServedModel:
    """One short query, shared by all who ask at once. Raises InvalidModelName, ModelNotFound."""
    return await _lookups.get(name)


def require_completion(served: ServedModel, *, requested: str, act: str) -> None:
    """``act`` is "chat" or "generate". Raises NotSupported in Ollama's words (server/routes.go)."""
    if "completion" not in served.capabilities:
        raise NotSupported(f'"{requested}" does not support {act}')


def require_capability(served: ServedModel, capability: str) -> None:
    """Raises NotSupported with the full name, as Ollama's scheduler does."""
    if capability not in served.capabilities:
        raise NotSupported(f"{served.name.full} does not support {capability}")


def served_options(
    served: ServedModel, requested: Mapping[str, Any], *, defaults: Mapping[str, Any] | None = None
) -> ParsedOptions:
    """Defaults of the wire < the model's PARAMETERs < the request's. Raises InvalidOption."""
    return parse_options(defaults or {}, served.parameters, requested, n_vocab=served.spec.n_vocab)


def keep_alive_seconds(value: float | str) -> float:
    """Seconds, inf for ever. A string has to be a Go duration: ``"10"`` lacks its unit. Raises BadRequest."""
    try:
        seconds = forever_if_negative(parse_duration(value) if isinstance(value, str) else value)
    except InvalidDuration as error:
        raise BadRequest(str(error), field="keep_alive") from None
    return seconds if seconds < _LONGEST_SECONDS else math.inf
