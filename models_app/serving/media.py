"""What is asked of images and sound before they go to a model; the worker looks into them (inference/engine/media*)."""

from __future__ import annotations

import binascii

from inference.errors import NotSupported
from inference.request import Prompt, images_of
from models_app.entries import ServedModel
from power_site.conf import config
from power_site.http import BadRequest

MEDIA_CAPABILITIES = frozenset(["vision", "audio"])


def media_check(served: ServedModel, prompt: Prompt) -> None:
    """Raises BadRequest where there are too many, NotSupported for a model of text, in Ollama's words."""
    media_admit(served, len(images_of(prompt)))


def media_admit(served: ServedModel, n_images: int) -> None:
    """The same before any of them is fetched."""
    most = config().max_images
    if n_images > most:
        raise BadRequest(f"{n_images} images, {most} are allowed in a request", field="images")
    if n_images and not MEDIA_CAPABILITIES.intersection(served.capabilities):
        raise NotSupported("this model is missing data required for image input")


def media_decoded(text: object, path: str) -> bytes:
    """A whole file from base64: the standard alphabet, padded; line feeds are skipped. Raises BadRequest naming
    ``path``."""
    if not isinstance(text, str):
        raise BadRequest(f"{path} must be a base64 string", field=path)
    plain = text.replace("\n", "").replace("\r", "") if "\n" in text or "\r" in text else text
    try:
        data = binascii.a2b_base64(plain.encode("ascii"), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        hint = " (without data:…;base64, before it)" if plain.startswith("data:") else ""
        raise BadRequest(f"{path} is not valid base64{hint}", field=path) from None
    if not data:
        raise BadRequest(f"{path} is empty", field=path)
    return data
