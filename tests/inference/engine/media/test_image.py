from __future__ import annotations

import io
import time

import numpy as np
import pytest
from PIL import Image

from inference.engine.media.image import MAX_PIXELS, read_image
from inference.errors import InvalidRequest
from tests.pictures import picture, png_bomb

RED, BLUE = (255, 0, 0), (0, 0, 255)


def saved(image: Image.Image, file_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_these_formats_become_rows_of_rgb(file_format: str) -> None:
    pixels = read_image(picture(file_format=file_format, width=30, height=20))
    assert (pixels.shape, pixels.dtype) == ((20, 30, 3), np.uint8)


def test_colours_arrive_as_they_are() -> None:
    assert (read_image(saved(Image.new("RGB", (4, 4), RED), "PNG")) == RED).all()


@pytest.mark.parametrize("mode", ["L", "P", "LA", "RGBA", "CMYK", "1"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    file_format = "JPEG" if mode == "CMYK" else "PNG"
    assert read_image(saved(Image.new(mode, (4, 4)), file_format)).shape == (4, 4, 3)


def test_what_is_transparent_is_white() -> None:
    assert (read_image(saved(Image.new("RGBA", (4, 4), (*RED, 0)), "PNG")) == 255).all()


def test_a_gif_is_its_first_frame() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in (RED, BLUE)]
    assert (read_image(saved(frames[0], "GIF", save_all=True, append_images=frames[1:])) == RED).all()


def test_a_picture_taken_with_the_camera_on_its_side_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read_image(saved(Image.new("RGB", (40, 20)), "JPEG", exif=exif)).shape == (40, 20, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (picture(width=1, height=1), "too small"),
        (picture(width=2, height=2000), "too narrow"),
        (picture(file_format="TIFF"), "none of the formats"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "none of the formats"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "none of the formats"),
        (b"", "none of the formats"),
        (picture(file_format="JPEG")[:300], "damaged"),
        (picture()[:-500], "damaged"),
        (picture(file_format="WEBP")[:100], "none of the formats|damaged"),
    ],
)
def test_what_is_no_sound_picture_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        read_image(data)


def test_a_bomb_is_refused_by_its_header() -> None:
    before = time.perf_counter()
    with pytest.raises(InvalidRequest, match=f"{MAX_PIXELS // 10**6} megapixels"):
        read_image(png_bomb())
    assert time.perf_counter() - before < 1
