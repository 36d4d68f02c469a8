"""S36: what people write is in no log, no file and no process's arguments, on any way through; a real server."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
import uuid
from pathlib import Path

import httpx2
import orjson
import pytest

from tests.conftest import StartServer
from tests.live import LiveServer

pytestmark = pytest.mark.slow


@pytest.fixture
def canary() -> str:
    return f"CANARY-{uuid.uuid4().hex}"


@pytest.fixture(params=["info", "debug"])
def server(start_server: StartServer, tiny_gguf: Path, request: pytest.FixtureRequest) -> LiveServer:
    """At the most talkative, too: debugging Power must not mean reading along."""
    debug = "true" if request.param == "debug" else "false"
    return start_server(models={"tiny": tiny_gguf}, fake_backend="delay=0.02&length=2000", debug=debug)


def chat(canary: str, **changes: object) -> bytes:
    tool = {"type": "function", "function": {"name": canary, "description": canary, "parameters": {}}}
    messages = [{"role": "system", "content": canary}, {"role": "user", "content": canary}]
    return orjson.dumps({"model": "tiny", "messages": messages, "tools": [tool], **changes})


def test_a_prompt_leaves_no_trace_whatever_becomes_of_it(server: LiveServer, canary: str) -> None:
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        succeed(client, canary)
        be_refused(client, canary)
        leave_early(client, canary)
        crash_the_worker(server, client, canary)
        break_the_catalog(server, client, canary)
    everything = places(server)
    assert len(everything) > 5
    assert [where for where, content in everything.items() if canary.encode() in content] == []
    assert server.is_alive()


def succeed(client: httpx2.Client, canary: str) -> None:
    options = {"num_predict": 8}
    assert client.post("/api/chat", content=chat(canary, options=options, tools=[])).status_code == 200
    body = {"model": "tiny", "prompt": canary, "system": canary, "stream": False, "options": options, "raw": False}
    answer = client.post("/api/generate", json=body)
    assert answer.status_code == 200
    assert client.post("/v1/completions", json={"model": "tiny", "prompt": canary, "max_tokens": 4}).status_code == 200
    headers = {"Authorization": f"Bearer {canary}", "Referer": canary, "User-Agent": canary}
    assert client.get(f"/api/tags?{canary}={canary}", headers=headers).status_code == 200


def be_refused(client: httpx2.Client, canary: str) -> None:
    for path in ("/api/chat", "/v1/chat/completions"):
        bodies = [
            chat(canary, model=canary),
            chat(canary, messages=canary),
            chat(canary, options={"temperature": canary}, temperature=canary),
            chat(canary)[:-5],
            canary.encode(),
        ]
        for body in bodies:
            assert 400 <= client.post(path, content=body).status_code < 500
    assert client.get(f"/{canary}").status_code == 404
    assert client.get(f"/v1/models/{canary}").status_code == 404


def leave_early(client: httpx2.Client, canary: str) -> None:
    with client.stream("POST", "/api/chat", content=chat(canary, tools=[])) as answer:
        next(answer.iter_lines())


def crash_the_worker(server: LiveServer, client: httpx2.Client, canary: str) -> None:
    with client.stream("POST", "/api/chat", content=chat(canary, tools=[])) as answer:
        lines = answer.iter_lines()
        next(lines)
        # Its arguments and environment, while it has the prompt in hand.
        for worker in server.workers():
            for name in ("cmdline", "environ"):
                assert canary.encode() not in Path(f"/proc/{worker}/{name}").read_bytes()
            os.kill(worker, signal.SIGSEGV)
        rest = "".join(lines)
    assert "error" in rest


def break_the_catalog(server: LiveServer, client: httpx2.Client, canary: str) -> None:
    with sqlite3.connect(server.home / "power.sqlite3") as database:
        database.execute("ALTER TABLE models_app_tag RENAME TO elsewhere")
    assert client.post("/api/chat", content=chat(canary)).status_code == 500
    with sqlite3.connect(server.home / "power.sqlite3") as database:
        database.execute("ALTER TABLE elsewhere RENAME TO models_app_tag")


def places(server: LiveServer) -> dict[str, bytes]:
    """Everything at rest: the home with database and blobs, temporary files, core files, the log."""
    time.sleep(0.5)
    folders = [server.home, server.temporary]
    found = {str(path): path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}
    cores = {str(path): b"a core file" for path in Path.cwd().glob("core*") if path.is_file()}
    assert not cores
    return found | {"the log": server.log().encode()}
