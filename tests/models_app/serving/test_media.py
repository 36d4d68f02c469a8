from __future__ import annotations

from pathlib import Path

import pytest

from inference.errors import NotSupported
from inference.request import ChatPrompt, Message, TextPrompt
from inference.spec import ModelSpec
from models_app.entries import ServedModel
from models_app.naming import ModelName
from models_app.serving.media import media_check
from power_site import conf
from power_site.http import BadRequest

TEXT_ONLY = "this model is missing data required for image input"


def served(*capabilities: str) -> ServedModel:
    spec = ModelSpec(name="m", digest="0" * 64, model_path="", size_bytes=0, n_ctx_train=0, kv_bytes_per_token=0)
    return ServedModel(name=ModelName.parse("m"), spec=spec, capabilities=capabilities)


def chat(*n_images: int) -> ChatPrompt:
    return ChatPrompt(messages=tuple(Message(role="user", images=(b"x",) * n) for n in n_images))


@pytest.mark.parametrize("capability", ["vision", "audio"])
def test_models_that_see_or_hear_take_images(capability: str) -> None:
    media_check(served("completion", capability), chat(1, 2))


def test_a_model_of_text_refuses_them_in_ollamas_words() -> None:
    for prompt in (chat(0, 1), TextPrompt(text="x", images=(b"x",))):
        with pytest.raises(NotSupported, match=TEXT_ONLY):
            media_check(served("completion"), prompt)


def test_and_takes_text() -> None:
    media_check(served("completion"), chat(0))


def test_the_images_of_all_messages_count(home: Path) -> None:
    conf.configure({"max_images": 3})
    media_check(served("vision"), chat(1, 2))
    with pytest.raises(BadRequest, match="4 images, 3 are allowed"):
        media_check(served("vision"), chat(2, 2))
