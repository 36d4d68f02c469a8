"""/api/create: Ollama's lines, statuses and words."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from models_app import selectors, transferring
from models_app.creation.request import CreateRequest
from models_app.progress import OnProgress, Progress
from models_app.services.pull import model_pull
from models_app.store import blobs
from power_site.http import run_db


@pytest.fixture
async def base(api: httpx2.AsyncClient, tiny_gguf: Path) -> str:
    await run_db(model_pull, source=str(tiny_gguf), name="base", on_progress=lambda _: None, cancelled=lambda: False)
    return "base"


@pytest.fixture
def digest(api: httpx2.AsyncClient, tiny_gguf: Path) -> str:
    """Of a model's file that was uploaded."""
    return str(blobs.blob_write(tiny_gguf.read_bytes()).digest)


def statuses(answer: httpx2.Response) -> list[str]:
    return [json.loads(line)["status"] for line in answer.content.splitlines()]


async def test_a_create_is_a_line_for_each_layer(api: httpx2.AsyncClient, base: str) -> None:
    body = {"model": "new", "from": base, "system": "Be brief.", "license": "MIT", "messages": [{"role": "User"}]}
    answer = await api.post("/api/create", json=body)
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    words = [status.partition(" sha256:")[0] for status in statuses(answer)]
    assert words == [
        "using existing layer", "creating new layer", "creating new layer", "creating new layer", "writing manifest",
        "success",
    ]  # fmt: skip
    served = await run_db(selectors.model_served, "new")
    assert (served.system, served.messages[0].role) == ("Be brief.", "user")


async def test_without_a_stream_only_the_last_line_is_told(api: httpx2.AsyncClient, base: str) -> None:
    answer = await api.post("/api/create", json={"name": "new", "FROM": base, "stream": False})
    assert answer.content == b'{"status":"success"}'


async def test_events_for_those_who_accept_them(api: httpx2.AsyncClient, base: str) -> None:
    answer = await api.post("/api/create", json={"model": "new", "from": base}, headers={"Accept": "text/event-stream"})
    assert answer.text.endswith('data: {"status":"success"}\n\n')


async def test_a_file_is_named_by_its_digest(api: httpx2.AsyncClient, digest: str) -> None:
    answer = await api.post("/api/create", json={"model": "new", "files": {"tiny.gguf": digest}})
    assert statuses(answer)[0] == "parsing GGUF"


async def test_a_modelfile_may_come_as_text(api: httpx2.AsyncClient, base: str, digest: str) -> None:
    text = "FROM base\nSYSTEM Be brief.\nPARAMETER stop <a>\nPARAMETER top_k 3"
    assert statuses(await api.post("/api/create", json={"model": "new", "modelfile": text}))[-1] == "success"
    assert (await run_db(selectors.model_served, "new")).parameters == {"stop": ["<a>"], "top_k": 3}
    text = f"FROM @{digest}"
    assert statuses(await api.post("/api/create", json={"model": "new", "modelfile": text}))[0] == "parsing GGUF"


ZEROS = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({}, 400, "invalid model name"),
        ({"model": "a b", "from": "base"}, 400, "invalid model name"),
        ({"model": "new"}, 400, "neither 'from' or 'files' was specified"),
        ({"model": "new", "files": {}}, 400, "unknown type"),
        ({"model": "new", "files": {"/a": ZEROS}}, 400, "file path must be relative"),
        ({"model": "new", "files": {"a.gguf": ""}}, 400, "invalid digest format"),
        ({"model": "new", "files": {"a.gguf": ZEROS}}, 404, f'blob "{ZEROS}" not found'),
        ({"model": "new", "from": "a b"}, 400, "invalid model name"),
        ({"model": "new", "from": "base", "license": 3}, 400, "license must be a string or a list of strings"),
        ({"model": "new", "from": "base", "remote_host": "x"}, 400, "models that run elsewhere are not supported"),
        ({"model": "new", "modelfile": "SYSTEM x"}, 400, "no FROM line"),
        ({"model": "new", "modelfile": "FROM base\nADAPTER ./a"}, 400,
         "ADAPTER has to name a blob here: @sha256:<digest>"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stream", [True, False])
async def test_what_makes_no_sense_has_a_status(
    api: httpx2.AsyncClient, base: str, body: dict[str, Any], status: int, message: str, stream: bool
) -> None:
    answer = await api.post("/api/create", json=body | {"stream": stream})
    assert (answer.status_code, answer.json()) == (status, {"error": message})


@pytest.mark.parametrize("field", ["from", "files", "modelfile"])
async def test_nobody_learns_which_files_there_are(api: httpx2.AsyncClient, field: str) -> None:
    def body(path: str) -> dict[str, Any]:
        values = {"from": path, "files": {"a": path}, "modelfile": f"FROM {path}"}
        return {"model": "new", field: values[field]}

    there, missing = [await api.post("/api/create", json=body(path)) for path in ("/etc/passwd", "/etc/nothing")]
    assert (there.status_code, there.content) == (missing.status_code, missing.content)
    assert there.status_code == 400


async def test_an_error_after_the_first_line_is_a_line(api: httpx2.AsyncClient, digest: str) -> None:
    answer = await api.post("/api/create", json={"model": "new", "files": {"a.gguf": digest, "b.gguf": digest}})
    assert answer.status_code == 200
    *_, before, last = [json.loads(line) for line in answer.content.splitlines()]
    assert before == {"status": "parsing GGUF"}
    assert last == {"error": "2 models were given, 1 is needed"}


async def test_a_client_that_leaves_cancels(api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, cancelled_seen = threading.Event(), threading.Event()

    def run(*, request: CreateRequest, on_progress: OnProgress, cancelled: Callable[[], bool], **_: Any) -> None:
        on_progress(Progress(status="converting model"))
        begun.set()
        while not cancelled():
            threading.Event().wait(0.01)
        cancelled_seen.set()

    monkeypatch.setattr(transferring, "model_create", run)
    body = {"model": "new", "from": "base", "stream": False}
    asking = asyncio.create_task(api.post("/api/create", json=body))
    await asyncio.to_thread(begun.wait, 10)
    asking.cancel()
    assert await asyncio.to_thread(cancelled_seen.wait, 10)
