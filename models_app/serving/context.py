"""How much a request may be about: the context it gets. On the loop's thread."""

from __future__ import annotations

from inference.engine.cells import context_length
from inference.errors import InvalidOption
from models_app.entries import ServedModel
from models_app.serving.residency import served_load_options
from models_app.serving.resolve import served_options


def served_context(served: ServedModel) -> int | None:
    """Tokens, for a request that asks for no other context: the model's own PARAMETER, what it was loaded with, or the
    setting, and never more than it was trained for. None where a PARAMETER of the model is one that no request passes.
    """
    try:
        options = served_options(served, {})
    except InvalidOption:
        return None
    return context_length(served.spec, served_load_options(served, options.load))
