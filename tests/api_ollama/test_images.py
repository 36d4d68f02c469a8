from __future__ import annotations

from typing import Any

import pytest

from api_ollama.images import decoded_images
from api_ollama.wire import MessageBody
from power_site.http import BadRequest


def test_images_are_whole_files_in_their_order() -> None:
    assert decoded_images(["aGVsbG8=", "d29ybGQh"], "images") == (b"hello", b"world!")


def test_none_are_none() -> None:
    assert decoded_images([], "images") == ()


def test_line_feeds_are_skipped_as_go_skips_them() -> None:
    assert decoded_images(["aGVs\r\nbG8=\n"], "images") == (b"hello",)


@pytest.mark.parametrize(
    "image",
    [
        "aGVsbG8",
        "aGVsbG8==",
        "a",
        "-_-_",
        "aGVs bG8=",
        "aGVsbG8=!",
        "é",
        "data:image/png;base64,aGVsbG8=",
        "",
        5,
        None,
        {},
    ],
)
def test_anything_else_is_refused_with_its_place(image: Any) -> None:
    with pytest.raises(BadRequest) as refused:
        decoded_images(["aGVsbG8=", image], "messages[3].images")
    assert str(refused.value).startswith("messages[3].images[1] ")
    assert refused.value.field == "messages[3].images[1]"


def test_a_data_url_gets_a_hint() -> None:
    with pytest.raises(BadRequest, match="without data:"):
        decoded_images(["data:image/png;base64,aGVsbG8="], "images")


def test_a_message_carries_its_images() -> None:
    assert MessageBody(role="user", images=["aGVsbG8="]).message().images == (b"hello",)
