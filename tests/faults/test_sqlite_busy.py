"""F36: somebody else holds the database's write lock; a real server."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.conftest import StartServer
from tests.live import LiveServer

pytestmark = pytest.mark.slow

MAKE_ADA = "from django.contrib.auth.models import User; User.objects.create_superuser('ada', password='wonderland')"


@pytest.fixture
def server(start_server: StartServer, tiny_gguf: Path) -> LiveServer:
    return start_server(models={"tiny": tiny_gguf}, fake_backend="delay=0.01&length=5")


@contextmanager
def write_lock(server: LiveServer, *, seconds: float) -> Iterator[None]:
    """Held from another connection, for so long, from now."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        database = sqlite3.connect(server.home / "power.sqlite3", timeout=10, isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        held.set()
        done.wait(seconds)
        database.execute("ROLLBACK")
        database.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    try:
        yield
    finally:
        done.set()
        thread.join()


def copy(server: LiveServer, destination: str) -> httpx2.Response:
    body = {"source": "tiny", "destination": destination}
    return httpx2.post(f"{server.url}/api/copy", json=body, timeout=60)


def chat(server: LiveServer) -> httpx2.Response:
    body = {"model": "tiny", "messages": [{"role": "user", "content": "hello"}], "stream": False}
    return httpx2.post(f"{server.url}/api/chat", json=body, timeout=60)


def test_a_short_lock_is_waited_for(server: LiveServer) -> None:
    began = time.monotonic()
    with write_lock(server, seconds=4):
        assert copy(server, "copied").status_code == 200
    assert 3.5 < time.monotonic() - began < 12
    names = {model["name"] for model in httpx2.get(f"{server.url}/api/tags").json()["models"]}
    assert names == {"tiny:latest", "copied:latest"}


def test_under_a_long_lock_models_answer_and_writes_are_told_to_come_back(server: LiveServer) -> None:
    assert server.manage("shell", "-c", MAKE_ADA).returncode == 0
    with write_lock(server, seconds=60):
        began = time.monotonic()
        for _ in range(3):
            assert chat(server).status_code == 200
        assert httpx2.get(f"{server.url}/api/tags").status_code == 200
        assert httpx2.get(f"{server.url}/health").status_code == 200
        assert time.monotonic() - began < 6, "nothing here waits for the lock"
        refused = copy(server, "copied")
        assert refused.status_code == 503
        assert refused.headers["retry-after"]
        page = login(server)
        assert page.status_code == 503
        assert page.headers["retry-after"]
        assert time.monotonic() - began < 45
    assert copy(server, "copied").status_code == 200


def login(server: LiveServer) -> httpx2.Response:
    """The admin writes a session when somebody logs in."""
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        token = client.get("/admin/login/").cookies["csrftoken"]
        form = {"username": "ada", "password": "wonderland", "csrfmiddlewaretoken": token}
        return client.post("/admin/login/", data=form)
