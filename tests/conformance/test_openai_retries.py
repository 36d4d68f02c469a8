"""The `openai` Python SDK against a server with one place and no queue: retries on 503, and cancellation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

REQUEST: dict[str, Any] = {"model": "tiny", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}
ENDLESS = REQUEST | {"max_tokens": 100_000}


@pytest.fixture
def client(full_server: LiveServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{full_server.url}/v1", api_key="any key will do", max_retries=0, timeout=60) as client:
        yield client


def served(client: OpenAI) -> Any:
    """The server learns of a closed connection a moment later."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return client.chat.completions.create(**REQUEST)
        except openai.InternalServerError as error:
            if error.status_code != 503 or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_a_full_server_is_503_with_a_time_to_come_back(client: OpenAI) -> None:
    with client.chat.completions.create(**ENDLESS, stream=True) as stream:
        next(iter(stream))
        with pytest.raises(openai.InternalServerError) as refused:
            client.chat.completions.create(**REQUEST)
        assert refused.value.status_code == 503
        assert int(refused.value.response.headers["Retry-After"]) >= 1
        assert refused.value.request_id
    assert served(client).choices[0].finish_reason == "length"


def test_the_sdk_comes_back_by_itself(full_server: LiveServer, client: OpenAI) -> None:
    stream = client.chat.completions.create(**ENDLESS, stream=True)
    next(iter(stream))
    statuses: list[int] = []

    def note(response: Any) -> None:
        statuses.append(response.status_code)
        if response.status_code == 503:
            stream.close()  # so that there is room when it comes back

    hooked = openai.DefaultHttpxClient(event_hooks={"response": [note]})
    with OpenAI(
        base_url=f"{full_server.url}/v1", api_key="any", max_retries=5, http_client=hooked, timeout=60
    ) as patient:
        assert patient.chat.completions.create(**REQUEST).choices[0].finish_reason == "length"
    assert statuses[0] == 503
    assert statuses[-1] == 200


def test_a_stream_that_is_left_gives_its_place_back(client: OpenAI) -> None:
    for chunk in client.chat.completions.create(**ENDLESS, stream=True):
        if chunk.choices[0].delta.content:
            break
    served(client)


async def test_a_task_that_is_cancelled_gives_its_place_back(full_server: LiveServer, client: OpenAI) -> None:
    async with AsyncOpenAI(base_url=f"{full_server.url}/v1", api_key="any", max_retries=0, timeout=60) as asynchronous:
        waiting = asyncio.create_task(asynchronous.chat.completions.create(**ENDLESS))
        await asyncio.sleep(0.5)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.to_thread(served, client)
