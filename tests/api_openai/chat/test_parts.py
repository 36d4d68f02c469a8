"""Parts of a message's content: text, images and sound, in the order they were written."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from api_openai.chat.parts import Content, content_of, remote_urls
from power_site.http import BadRequest

PNG, WAV = b"\x89PNG", b"RIFF"
TEXT = {"type": "text", "text": "one"}
URL = "https://example.com/cat.png"


def image(url: str, **fields: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url} | fields}


def data_url(data: bytes = PNG, head: str = "data:image/png;base64") -> str:
    return f"{head},{base64.b64encode(data).decode()}"


def sound(**fields: Any) -> dict[str, Any]:
    return {"type": "input_audio", "input_audio": {"data": base64.b64encode(WAV).decode(), "format": "wav"} | fields}


def test_an_image_stands_where_it_was_put() -> None:
    read = content_of([TEXT, image(data_url()), {"type": "text", "text": "two"}, image(data_url(WAV))], "c", {})
    assert read == Content("one[img]two[img]", (PNG, WAV))


def test_words_that_look_like_a_place_are_taken_for_none() -> None:
    read = content_of([{"type": "text", "text": "[img]"}, image(data_url()), TEXT], "c", {})
    assert read == Content("[img]\none", (PNG,))


@pytest.mark.parametrize("head", ["data:;base64", "data:image/webp;base64", "DATA:image/JPEG;BASE64"])
def test_data_is_taken_whatever_it_is_called(head: str) -> None:
    assert content_of([image(data_url(head=head))], "c", {}).media == (PNG,)


def test_an_image_may_be_its_url_alone_or_have_a_detail() -> None:
    assert content_of([{"type": "image_url", "image_url": data_url()}], "c", {}).media == (PNG,)
    assert content_of([image(data_url(), detail="low")], "c", {}).media == (PNG,)


def test_sound_is_taken_as_images_are() -> None:
    assert content_of([sound(), TEXT], "c", {}) == Content("[img]one", (WAV,))


def test_what_is_behind_a_url_was_fetched_before() -> None:
    parts = [TEXT, image(URL), image(data_url())]
    assert list(remote_urls(parts, "c")) == [(URL, "c[1].image_url.url")]
    assert content_of(parts, "c", {URL: WAV}).media == (WAV, PNG)


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"type": "file", "file": {"file_id": "f"}}, "c[0]"),
        ({"type": "input_image"}, "c[0]"),
        ({}, "c[0]"),
        ({"type": "text"}, "c[0]"),
        ({"type": "image_url"}, "c[0].image_url.url"),
        (image("ftp://example.com/x"), "c[0].image_url.url"),
        (image("data:image/png,abc"), "c[0].image_url.url"),
        (image("data:image/png;base64,?"), "c[0].image_url.url"),
        (image(data_url(), detail="4k"), "c[0].image_url.detail"),
        (sound(format="flac"), "c[0].input_audio.format"),
        (sound(data="?"), "c[0].input_audio.data"),
        ({"type": "input_audio"}, "c[0].input_audio.format"),
    ],
)
def test_a_part_that_can_not_be_used_is_named(part: dict[str, Any], named: str) -> None:
    with pytest.raises(BadRequest) as caught:
        content_of([part], "c", {})
    assert caught.value.field == named
