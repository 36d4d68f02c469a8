"""The API inside a command's own process: the real pool on a loop of its own, over the fake backend."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference import Resident
from models_app.console.answer import ChatRequest
from models_app.console.client import Client
from models_app.console.errors import ServerError
from models_app.console.remote import RemoteChat
from models_app.services.pull import model_pull
from power_site import conf, runtime
from power_site.hosted import Hosted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("power_site.urls_catalog")]


@pytest.fixture
def hosted(home: Path, tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosted]:
    settings = {"BACKEND": "fake", "ENGINE_HOST": "inline", "FAKE_BACKEND": "delay=0.005&length=2000"}
    for name, value in settings.items():
        monkeypatch.setenv(f"A3S_POWER_{name}", value)
    config = conf.configure({})
    model_pull(source=str(tiny_gguf), name="tiny:1b", on_progress=lambda progress: None, cancelled=lambda: False)
    server = Hosted(config)
    yield server
    server.close()
    assert "pool" not in [thread.name for thread in threading.enumerate()]


@pytest.fixture
def client(hosted: Hosted) -> Client:
    return Client("power", 0, connect=hosted.connect)


def residents(hosted: Hosted) -> list[Resident]:
    """Asked on the loop, which the pool belongs to."""

    async def ask() -> list[Resident]:
        return runtime.pool().residents()

    return asyncio.run_coroutine_threadsafe(ask(), hosted._loop).result(10)


def request(**changes: object) -> ChatRequest:
    fields: dict[str, object] = {"model": "tiny:1b", "messages": [{"role": "user", "content": "hi"}], "keep_alive": -1}
    return ChatRequest(**{**fields, **changes})  # type: ignore[arg-type]


def test_an_answer_comes_in_pieces_and_then_has_its_timings(client: Client) -> None:
    answer = RemoteChat(client).answer(request(options={"num_predict": 8}))
    assert "".join(piece.text for piece in answer)
    assert answer.timings is not None
    assert answer.timings.n_generated == 8
    assert answer.timings.n_prompt > 0
    answer.close()


def test_the_model_stays_loaded_for_the_next_question(client: Client, hosted: Hosted) -> None:
    client.load("tiny:1b", keep_alive=-1)
    (resident,) = residents(hosted)
    assert resident.expires_at is None
    answer = RemoteChat(client).answer(request(options={"num_predict": 2}))
    list(answer)
    answer.close()
    assert [r.loaded_at for r in residents(hosted)] == [resident.loaded_at]


def test_a_closed_answer_ends_its_generation(client: Client, hosted: Hosted) -> None:
    answer = RemoteChat(client).answer(request(options={"num_predict": -1}))
    next(iter(answer))
    answer.close()
    answer.close()
    deadline = time.monotonic() + 5
    while any(resident.n_active for resident in residents(hosted)):
        assert time.monotonic() < deadline, "the generation goes on"
        time.sleep(0.01)


def test_what_is_wrong_with_a_request_is_raised_before_there_is_an_answer(client: Client) -> None:
    with pytest.raises(ServerError, match="not found"):
        RemoteChat(client).answer(request(model="nope"))
    with pytest.raises(ServerError, match="temperature"):
        RemoteChat(client).answer(request(options={"temperature": "hot"}))


def test_only_ollamas_paths_are_there(client: Client) -> None:
    assert [model["name"] for model in client.models()] == ["tiny:1b"]
    with pytest.raises(ServerError) as caught:
        client.stream("/v1/chat/completions", {})
    assert caught.value.status == 404
