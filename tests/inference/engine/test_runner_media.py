"""Requests with images in the runner: a thread of their own, beside everybody else's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from inference.events import Failed, Finished, TextDelta
from inference.request import GenerateRequest, TextPrompt
from tests.inference.engine.test_runner import Running
from tests.pictures import picture


def with_images(*seeds: int, num_predict: int = 4) -> GenerateRequest:
    images = tuple(picture(seed) for seed in seeds)
    return GenerateRequest(prompt=TextPrompt(text="[img-0]look", images=images), num_predict=num_predict)


@pytest.fixture
def slow() -> Iterator[Running]:
    """Encoding an image takes a second; an answer has no end."""
    running = Running("image_tokens=8&image_delay=1&length=-1&delay=0.001")
    yield running
    running.runner.close()


def test_chats_of_text_start_and_go_on_while_an_image_is_encoded(slow: Running) -> None:
    slow.submit(1, "hello", num_predict=30)
    slow.runner.submit(2, with_images(1))
    slow.submit(3, "there", num_predict=30)
    for request_id in (1, 3):
        assert isinstance(slow.inbox.end(request_id), Finished)
        assert not slow.inbox.of(2)
    assert isinstance(slow.inbox.end(2), Finished)


def test_images_of_one_who_left_are_not_encoded(slow: Running) -> None:
    slow.runner.submit(1, with_images(1, 2, 3))
    slow.runner.submit(2, with_images(4))
    slow.runner.cancel(1)
    slow.runner.cancel(2)
    assert [type(slow.inbox.end(request_id)) for request_id in (1, 2)] == [Failed, Failed]
    assert slow.backend.projector is not None
    assert slow.backend.projector.n_encoded <= 1


def test_an_image_that_can_not_be_read_fails_its_request_alone() -> None:
    running = Running("image_tokens=8")
    bad = GenerateRequest(prompt=TextPrompt(text="x", images=(b"not a picture",)))
    running.runner.submit(1, bad)
    running.runner.submit(2, with_images(1))
    failed, finished = running.inbox.end(1), running.inbox.end(2)
    running.runner.close()
    assert isinstance(failed, Failed)
    assert failed.error == "InvalidRequest"
    assert isinstance(finished, Finished)


def test_the_debug_view_of_a_prompt_shows_marks() -> None:
    running = Running("image_tokens=8")
    request = GenerateRequest(prompt=TextPrompt(text="a [img-0] b", images=(picture(1),)), render_only=True)
    running.runner.submit(1, request)
    running.inbox.end(1)
    running.runner.close()
    (shown,) = [event.text for event in running.inbox.of(1) if isinstance(event, TextDelta)]
    assert shown == "a [img-0] b"
