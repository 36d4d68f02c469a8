"""A chat without a server: the real pool on a loop of its own, over the fake backend."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference import Resident
from inference.errors import InvalidOption
from models_app.console.answer import ChatRequest
from models_app.console.local import LocalChat
from models_app.errors import ModelNotFound
from models_app.services.pull import model_pull
from power_site import conf, runtime

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def chat(home: Path, tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalChat]:
    settings = {"BACKEND": "fake", "ENGINE_HOST": "inline", "FAKE_BACKEND": "delay=0.005&length=2000"}
    for name, value in settings.items():
        monkeypatch.setenv(f"A3S_POWER_{name}", value)
    conf.configure({})
    model_pull(source=str(tiny_gguf), name="tiny:1b", on_progress=lambda progress: None, cancelled=lambda: False)
    chat = LocalChat()
    yield chat
    chat.close()
    assert "pool" not in [thread.name for thread in threading.enumerate()]


def residents(chat: LocalChat) -> list[Resident]:
    """Asked on the loop, which the pool belongs to."""

    async def ask() -> list[Resident]:
        return runtime.pool().residents()

    return asyncio.run_coroutine_threadsafe(ask(), chat._loop).result(10)


def request(**changes: object) -> ChatRequest:
    fields: dict[str, object] = {"model": "tiny:1b", "messages": [{"role": "user", "content": "hi"}]}
    return ChatRequest(**{**fields, **changes})  # type: ignore[arg-type]


def test_an_answer_comes_in_pieces_and_then_has_its_timings(chat: LocalChat) -> None:
    answer = chat.answer(request(options={"num_predict": 8}))
    assert "".join(piece.text for piece in answer)
    assert answer.timings is not None
    assert answer.timings.n_generated == 8
    assert answer.timings.n_prompt > 0
    answer.close()


def test_the_model_stays_loaded_for_the_next_question(chat: LocalChat) -> None:
    list(chat.answer(request(options={"num_predict": 2})))
    (resident,) = residents(chat)
    assert resident.expires_at is None
    list(chat.answer(request(options={"num_predict": 2})))
    assert [r.loaded_at for r in residents(chat)] == [resident.loaded_at]


def test_a_closed_answer_ends_its_generation(chat: LocalChat) -> None:
    answer = chat.answer(request(options={"num_predict": -1}))
    next(iter(answer))
    answer.close()
    answer.close()
    deadline = time.monotonic() + 5
    while any(resident.n_active for resident in residents(chat)):
        assert time.monotonic() < deadline, "the generation goes on"
        time.sleep(0.01)


def test_what_is_wrong_with_a_request_is_raised_before_there_is_an_answer(chat: LocalChat) -> None:
    with pytest.raises(ModelNotFound):
        chat.answer(request(model="nope"))
    with pytest.raises(InvalidOption):
        chat.answer(request(options={"temperature": "hot"}))
