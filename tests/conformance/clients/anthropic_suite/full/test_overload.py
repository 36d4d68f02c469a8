"""A server with one place and no queue: overload as the SDK knows it, and places that come back."""

from __future__ import annotations

import threading
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic
from conftest import HELLO, MODEL


def endless(client: Anthropic) -> Any:
    """A stream that holds the one place; it has begun."""
    stream = client.messages.create(model=MODEL, messages=HELLO, max_tokens=100_000, stream=True)
    assert next(iter(stream)).type == "message_start"
    return stream


def test_a_full_server_is_overloaded_and_says_when_to_come_back(client: Anthropic) -> None:
    stream = endless(client)
    try:
        with pytest.raises(anthropic.OverloadedError) as caught:
            client.messages.create(model=MODEL, messages=HELLO, max_tokens=3)
    finally:
        stream.close()
    body: Any = caught.value.body
    assert (caught.value.status_code, body["error"]["type"]) == (529, "overloaded_error")
    assert int(caught.value.response.headers["retry-after"]) >= 1


def test_the_sdk_tries_again_until_there_is_room(client: Anthropic) -> None:
    stream = endless(client)
    closing = threading.Timer(0.7, stream.close)
    closing.start()
    message = client.with_options(max_retries=6).messages.create(model=MODEL, messages=HELLO, max_tokens=3)
    closing.join()
    assert message.usage.output_tokens == 3


def test_a_place_is_free_as_soon_as_its_stream_is_left(client: Anthropic) -> None:
    for _ in range(3):
        endless(client).close()
        message = client.with_options(max_retries=3).messages.create(model=MODEL, messages=HELLO, max_tokens=2)
        assert message.stop_reason == "max_tokens"
