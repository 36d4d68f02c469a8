"""``images`` of a request: base64 in JSON, as Go's ``[]byte`` reads it (wire 2.5)."""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import Any

from power_site.http import BadRequest


def decoded_images(images: Sequence[Any], path: str) -> tuple[bytes, ...]:
    """Whole files; ``path`` is the field's place. Raises BadRequest naming it."""
    return tuple(_decoded(image, f"{path}[{index}]") for index, image in enumerate(images))


def _decoded(image: Any, path: str) -> bytes:
    """The standard alphabet, padded; line feeds are skipped. No URL's head: its comma is not base64."""
    if not isinstance(image, str):
        raise BadRequest(f"{path} must be a base64 string", field=path)
    text = image.replace("\n", "").replace("\r", "") if "\n" in image or "\r" in image else image
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        hint = " (without data:…;base64, before it)" if text.startswith("data:") else ""
        raise BadRequest(f"{path} is not valid base64{hint}", field=path) from None
    if not data:
        raise BadRequest(f"{path} is empty", field=path)
    return data
