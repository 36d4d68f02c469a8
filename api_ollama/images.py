"""``images`` of a request: base64 in JSON, as Go's ``[]byte`` reads it (wire 2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models_app.serving.media import media_decoded


def decoded_images(images: Sequence[Any], path: str) -> tuple[bytes, ...]:
    """Whole files; ``path`` is the field's place. No URL's head: its comma is not base64. Raises BadRequest."""
    return tuple(media_decoded(image, f"{path}[{index}]") for index, image in enumerate(images))
