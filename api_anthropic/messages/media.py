"""An image block's source as the image's bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models_app.serving.media import media_decoded
from models_app.serving.remote_media import media_bytes
from power_site.http import BadRequest


async def image_bytes(block: Mapping[str, Any], path: str) -> bytes:
    """The whole file. Raises BadRequest naming the block."""
    transformations = block.get("transformations")
    if isinstance(transformations, dict) and transformations.get("oversized_image", "downsize") != "downsize":
        field = f"{path}.transformations.oversized_image"
        raise BadRequest(f"{field}: images that are too large are scaled down, never refused", field=field)
    match block.get("source"):
        case {"type": "base64", "data": str(data), "media_type": str(kind)} if kind.startswith("image/"):
            return media_decoded(data, f"{path}.source.data")
        case {"type": "url", "url": str(url)}:
            return await media_bytes(url, field=f"{path}.source.url")
        case {"type": "file"}:
            raise BadRequest(f"{path}.source: files are not supported by this server", field=f"{path}.source")
    expected = '{"type": "base64", "media_type": "image/…", "data": …} or {"type": "url", "url": …}'
    raise BadRequest(f"{path}.source: expected {expected}", field=f"{path}.source")
