"""From a model's name and a request to a running generation or to vectors, for every wire. On the loop's thread."""

from models_app.serving.generation import Ask, Generation, generation_start, truncation_header
from models_app.serving.residency import (
    model_load,
    model_remove,
    model_unload,
    resident_models,
    served_load_options,
)
from models_app.serving.resolve import (
    keep_alive_seconds,
    model_resolve,
    require_capability,
    require_completion,
    served_options,
)

__all__ = [
    "Ask",
    "Generation",
    "generation_start",
    "keep_alive_seconds",
    "model_load",
    "model_remove",
    "model_resolve",
    "model_unload",
    "require_capability",
    "require_completion",
    "resident_models",
    "served_load_options",
    "served_options",
    "truncation_header",
]
