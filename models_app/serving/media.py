"""What is asked of images and sound before they go to a model; the worker looks into them (inference/engine/media*)."""

from __future__ import annotations

from inference.errors import NotSupported
from inference.request import Prompt, images_of
from models_app.entries import ServedModel
from power_site.conf import config
from power_site.http import BadRequest

MEDIA_CAPABILITIES = frozenset(["vision", "audio"])


def media_check(served: ServedModel, prompt: Prompt) -> None:
    """Raises BadRequest where there are too many, NotSupported for a model of text, in Ollama's words."""
    n_images = len(images_of(prompt))
    most = config().max_images
    if n_images > most:
        raise BadRequest(f"{n_images} images, {most} are allowed in a request", field="images")
    if n_images and not MEDIA_CAPABILITIES.intersection(served.capabilities):
        raise NotSupported("this model is missing data required for image input")
