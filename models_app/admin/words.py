"""Values as the admin's tables show them."""

from __future__ import annotations

from models_app.console.humanize import human_bytes


def size_text(size_bytes: int) -> str:
    """A size that stays on one line in a narrow column."""
    return human_bytes(size_bytes).replace(" ", "\u00a0")
