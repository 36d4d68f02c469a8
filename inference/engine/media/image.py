"""Pictures from strangers, decoded by Pillow in the worker: bounded before a pixel is unpacked (faults S29).

llama.cpp has a decoder of its own, which knows no bounds and no orientation; it never sees these bytes.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from inference.errors import InvalidRequest

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MAX_PIXELS = 40_000_000
MIN_SIDE = 2
# Beyond this a resize leaves nothing of the short side: Qwen's own processor refuses the same.
MAX_ASPECT_RATIO = 200

Pixels = npt.NDArray[np.uint8]


def read_image(data: bytes) -> Pixels:
    """(height, width, 3), upright, on white where it is transparent; a GIF's first frame. Raises InvalidRequest."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _check_size(*image.size)
                return np.asarray(_rgb(ImageOps.exif_transpose(image)))
    except InvalidRequest:
        raise
    except (MemoryError, Image.DecompressionBombError):
        raise InvalidRequest(f"an image is too large: {MAX_PIXELS // 10**6} megapixels at most") from None
    except UnidentifiedImageError:
        raise InvalidRequest(f"an image is of none of the formats {', '.join(FORMATS)}") from None
    except Exception:  # noqa: BLE001 - decoders raise whatever a damaged file leads them to; none of it is safe to repeat
        raise InvalidRequest("an image is damaged and can't be decoded") from None


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise Image.DecompressionBombError
    if min(width, height) < MIN_SIDE:
        raise InvalidRequest(f"an image of {width}x{height} is too small: {MIN_SIDE} pixels a side at least")
    if max(width, height) > MAX_ASPECT_RATIO * min(width, height):
        raise InvalidRequest(f"an image of {width}x{height} is too narrow: a ratio of {MAX_ASPECT_RATIO}:1 at most")


def _rgb(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    picture = image.convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")
