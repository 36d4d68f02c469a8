"""An image block's source as the image's bytes."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Any

from models_app.serving.remote_media import media_bytes
from power_site.http import BadRequest


async def image_bytes(block: Mapping[str, Any], path: str) -> bytes:
    """The whole file. Raises BadRequest naming the block."""
    if (block.get("transformations") or {}).get("oversized_image", "downsize") != "downsize":
        field = f"{path}.transformations.oversized_image"
        raise BadRequest(f"{field}: images that are too large are scaled down, never refused", field=field)
    match block.get("source"):
        case {"type": "base64", "data": str(data), "media_type": str(kind)} if kind.startswith("image/"):
            return _decoded(data, f"{path}.source.data")
        case {"type": "url", "url": str(url)}:
            return await media_bytes(url, field=f"{path}.source.url")
        case {"type": "file"}:
            raise BadRequest(f"{path}.source: files are not supported by this server", field=f"{path}.source")
    expected = '{"type": "base64", "media_type": "image/…", "data": …} or {"type": "url", "url": …}'
    raise BadRequest(f"{path}.source: expected {expected}", field=f"{path}.source")


def _decoded(data: str, field: str) -> bytes:
    try:
        image = binascii.a2b_base64(data.encode("ascii"), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        raise BadRequest(f"{field} is not valid base64", field=field) from None
    if not image:
        raise BadRequest(f"{field} is empty", field=field)
    return image
