"""Stored and background responses when clients leave, workers die, and servers end or are killed; a real server."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.conftest import StartServer
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

ENDLESS = "delay=0.02&length=-1&text=abcdefgh"
SECRET = "xylophone-in-the-pantry"


@pytest.fixture
def start(start_server: StartServer, tiny_gguf: Path) -> Any:
    def start(fake: str = ENDLESS, **settings: object) -> LiveServer:
        return start_server(models={"tiny": tiny_gguf}, fake_backend=fake, context_length=100_000, **settings)

    return start


def sdk(server: LiveServer) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0, timeout=60)


def create(server: LiveServer, **fields: Any) -> Any:
    return sdk(server).responses.create(model="tiny", input=SECRET, **fields)


def until(server: LiveServer, response_id: str, *statuses: str) -> Any:
    deadline = time.monotonic() + 60
    while (response := sdk(server).responses.retrieve(response_id)).status not in statuses:
        assert time.monotonic() < deadline, response.status
        time.sleep(0.05)
    return response


def test_a_worker_that_dies_fails_the_stream_and_the_sdk_raises(start: Any) -> None:
    server = start()
    seen: list[Any] = []
    with create(server, stream=True) as stream, pytest.raises(openai.APIError, match="unexpectedly stopped") as raised:
        read_and_kill(server, stream, seen)
    assert raised.value.code == "model_failed"
    assert seen[-1].type == "response.failed"
    assert seen[-1].response.error.code == "server_error"
    assert [event.sequence_number for event in seen] == list(range(len(seen)))


def read_and_kill(server: LiveServer, stream: Any, seen: list[Any]) -> None:
    for event in stream:
        seen.append(event)
        if len(seen) == 8:
            os.kill(server.workers()[0], signal.SIGKILL)


def test_a_worker_that_dies_fails_the_background_response_with_what_it_had(start: Any) -> None:
    server = start()
    begun = create(server, background=True)
    until(server, begun.id, "in_progress")
    time.sleep(0.3)
    os.kill(server.workers()[0], signal.SIGKILL)
    failed = until(server, begun.id, "failed")
    assert "unexpectedly stopped" in failed.error.message
    assert failed.output_text.startswith("abc")


def test_a_background_response_outlives_its_reader(start: Any) -> None:
    server = start("delay=0.02&length=60&text=abcdefgh")
    stream = create(server, background=True, stream=True)
    first = next(iter(stream))
    stream.close()
    assert until(server, first.response.id, "completed").output_text


def test_a_stream_that_is_left_is_not_kept(start: Any) -> None:
    server = start("delay=0.02&length=200&text=abcdefgh")
    stream = create(server, stream=True)
    first = next(iter(stream))
    stream.close()
    with pytest.raises(openai.NotFoundError):
        sdk(server).responses.retrieve(first.response.id)


def test_a_server_that_stops_lets_background_responses_end_and_fails_those_that_do_not(start: Any) -> None:
    server = start("delay=0.02&length=60&text=abcdefgh", drain_seconds=30)
    short = create(server, background=True)
    until(server, short.id, "in_progress")
    assert server.terminate() == 0
    server.start()
    assert sdk(server).responses.retrieve(short.id).status == "completed"

    server = start(drain_seconds=1)
    endless, waiting = create(server, background=True), create(server, background=True)
    until(server, endless.id, "in_progress")
    assert server.terminate() == 0
    server.start()
    for begun in (endless, waiting):
        failed = sdk(server).responses.retrieve(begun.id)
        assert (failed.status, failed.error.message) == ("failed", "server is shutting down")


def test_what_a_killed_server_worked_on_has_failed_once_its_lease_is_over(start: Any) -> None:
    server = start()
    begun = create(server, background=True)
    until(server, begun.id, "in_progress")
    server.kill()
    server.start()
    assert sdk(server).responses.retrieve(begun.id).status in ("in_progress", "failed")
    with closing(sqlite3.connect(server.home / "power.sqlite3", timeout=30)) as database, database:
        database.execute("UPDATE api_openai_storedresponse SET lease_expires_at = '2020-01-01 00:00:00'")
    failed = sdk(server).responses.retrieve(begun.id)
    assert failed.status == "failed"
    assert "server ended" in failed.error.message


def test_what_was_said_is_in_the_database_alone_and_goes_with_its_response(start: Any) -> None:
    server = start("length=3")
    kept, left_out = create(server), create(server, store=False)
    assert kept.id != left_out.id
    assert SECRET not in server.log()
    assert SECRET.encode() in rows(server)
    sdk(server).responses.delete(kept.id)
    assert SECRET.encode() not in rows(server)


def rows(server: LiveServer) -> bytes:
    with closing(sqlite3.connect(server.home / "power.sqlite3", timeout=30)) as database:
        found = database.execute("SELECT data FROM api_openai_storeditem").fetchall()
        return b"".join(data for (data,) in found)
