"""/api/pull and /api/push: Ollama's lines, statuses and words."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from models_app import transferring
from models_app.digests import Digest
from models_app.errors import DigestMismatch
from models_app.progress import OnProgress, Progress
from power_site import conf
from tests.models_app.rogue import rogue_server

LAYER = Progress(status="pulling 6eebda1527ee", digest="sha256:6eebda1527ee", total=7)
Run = Callable[..., None]


@pytest.fixture
def pulled(monkeypatch: pytest.MonkeyPatch, api: httpx2.AsyncClient) -> list[dict[str, Any]]:
    """A pull that reports two lines of a layer and succeeds; what it was asked."""
    asked: list[dict[str, Any]] = []

    def run(*, on_progress: OnProgress, cancelled: Callable[[], bool], **options: Any) -> None:
        asked.append(options)
        for line in (Progress(status="pulling manifest"), LAYER, Progress(status="success")):
            on_progress(line)

    monkeypatch.setattr(transferring, "model_pull", run)
    return asked


def lines(answer: httpx2.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.content.splitlines()]


async def test_a_pull_is_a_line_for_each_step(api: httpx2.AsyncClient, pulled: list[dict[str, Any]]) -> None:
    answer = await api.post("/api/pull", json={"model": "m", "insecure": True, "username": "u", "password": "p"})
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.content.endswith(b"\n")
    assert lines(answer) == [
        {"status": "pulling manifest"},
        {"status": "pulling 6eebda1527ee", "digest": "sha256:6eebda1527ee", "total": 7},
        {"status": "success"},
    ]
    assert pulled == [{"source": "m", "name": None, "record_job": True, "local_files": False}]


async def test_without_a_stream_only_the_last_line_is_told(
    api: httpx2.AsyncClient, pulled: list[dict[str, Any]]
) -> None:
    answer = await api.post("/api/pull", json={"name": "m", "stream": False})
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.content == b'{"status":"success"}'
    assert pulled[0]["source"] == "m", "the deprecated name is taken too"


async def test_events_for_those_who_accept_them(api: httpx2.AsyncClient, pulled: list[dict[str, Any]]) -> None:
    answer = await api.post("/api/pull", json={"model": "m"}, headers={"Accept": "text/event-stream"})
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.text.endswith('data: {"status":"success"}\n\n')


async def test_a_url_may_be_given_a_name(api: httpx2.AsyncClient, pulled: list[dict[str, Any]]) -> None:
    await api.post("/api/pull", json={"model": "https://example.com/x.gguf", "name": "mine"})
    assert (pulled[0]["source"], pulled[0]["name"]) == ("https://example.com/x.gguf", "mine")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "invalid model name"),
        ({"model": "a b"}, "invalid model name"),
        ({"model": "/etc/passwd"}, "invalid model name"),
        ({"model": "./x.gguf"}, "invalid model name"),
        ({"model": "m:local:cloud"}, "use either :local or :cloud, not both"),
        ({"model": "file:///etc/passwd"}, "only http and https URLs with a host can be pulled"),
        ({"model": "https://example.com/x.gguf", "name": "a b"}, "invalid model name"),
    ],
)
async def test_what_cannot_be_pulled_is_400_before_anything_is_read(
    api: httpx2.AsyncClient, body: dict[str, str], message: str
) -> None:
    answer = await api.post("/api/pull", json=body)
    assert (answer.status_code, answer.json()) == (400, {"error": message})


async def test_a_name_that_nobody_has_is_a_line_or_a_500(api: httpx2.AsyncClient) -> None:
    error = {"error": "pull model manifest: file does not exist"}
    streamed = await api.post("/api/pull", json={"model": "nobody-has-this"})
    assert (streamed.status_code, lines(streamed)) == (200, [{"status": "pulling manifest"}, error])
    whole = await api.post("/api/pull", json={"model": "nobody-has-this", "stream": False})
    assert (whole.status_code, whole.json()) == (500, error)


async def test_a_private_address_is_refused_on_the_line_after_the_first(api: httpx2.AsyncClient) -> None:
    answer = await api.post("/api/pull", json={"model": "https://127.0.0.1/x.gguf"})
    assert lines(answer)[0] == {"status": "pulling manifest"}
    assert "private address" in lines(answer)[1]["error"]


@pytest.fixture
def data(tiny_gguf: Path) -> bytes:
    return tiny_gguf.read_bytes()


async def test_a_real_pull_ends_in_the_catalog(api: httpx2.AsyncClient, data: bytes) -> None:
    conf.configure({"min_free_bytes": 0, "allow_private_hosts": ["127.0.0.1"]})
    digest = Digest.of(data)
    with rogue_server(data) as server:
        url = f"{server.url}/tiny.gguf"
        wrong = lines(await api.post("/api/pull", json={"model": f"{url}#sha256={'0' * 64}", "name": "wrong"}))
        told = lines(await api.post("/api/pull", json={"model": f"{url}#sha256={digest.hex}", "name": "tiny"}))
        cached = lines(await api.post("/api/pull", json={"model": f"{url}#sha256={digest.hex}", "name": "tiny"}))
    assert wrong[-1]["error"].startswith("digest mismatch, file must be downloaded again")
    assert [line["status"] for line in told][-3:] == ["verifying sha256 digest", "writing manifest", "success"]
    layer = {"status": f"pulling {digest.hex[:12]}", "digest": str(digest), "total": len(data), "completed": len(data)}
    assert [line for line in cached if line.get("digest") == str(digest)] == [layer], "a cached layer is one line"
    assert [model["name"] for model in (await api.get("/api/tags")).json()["models"]] == ["tiny:latest"]


def n_watching() -> int:
    return sum(len(action._watchers) for action in transferring.actions._by_key.values())


async def test_several_who_pull_the_same_share_one_fetch(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_runs = 0
    go_on = threading.Event()

    def run(*, on_progress: OnProgress, cancelled: Callable[[], bool], **options: Any) -> None:
        nonlocal n_runs
        n_runs += 1
        on_progress(LAYER)
        assert go_on.wait(20)
        raise DigestMismatch(want="a", got="b")

    monkeypatch.setattr(transferring, "model_pull", run)
    names = ["library/m", "M:latest", "registry.ollama.ai/library/m:LATEST"]
    asking = [asyncio.create_task(api.post("/api/pull", json={"model": name})) for name in names]
    async with asyncio.timeout(20):
        while n_watching() < 3:  # noqa: ASYNC110 - nobody is told of those who join
            await asyncio.sleep(0)
        go_on.set()
        answers = await asyncio.gather(*asking)
    assert n_runs == 1
    for answer in answers:
        assert [line.get("total") for line in lines(answer)] == [7, None]
        assert lines(answer)[-1]["error"].startswith("digest mismatch")


async def test_a_client_that_leaves_cancels_what_only_it_wanted(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def run(*, on_progress: OnProgress, cancelled: Callable[[], bool], **options: Any) -> None:
        begun.set()
        while not cancelled():
            assert not ended.wait(0.01)
        ended.set()

    monkeypatch.setattr(transferring, "model_pull", run)
    asking = asyncio.create_task(api.post("/api/pull", json={"model": "m"}))
    assert await asyncio.to_thread(begun.wait, 20)
    asking.cancel()
    assert await asyncio.to_thread(ended.wait, 20)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [({}, 400, "model is required"), ({"model": "a b"}, 400, "invalid model name")],
)
async def test_a_push_of_no_name_is_400(
    api: httpx2.AsyncClient, body: dict[str, str], status: int, message: str
) -> None:
    answer = await api.post("/api/push", json=body)
    assert (answer.status_code, answer.json()) == (status, {"error": message})


async def test_a_push_of_an_unknown_model_says_so_after_ollamas_lines(api: httpx2.AsyncClient) -> None:
    error = {"error": "model 'nope' not found"}
    streamed = await api.post("/api/push", json={"name": "nope"})
    statuses = [{"status": "retrieving manifest"}, {"status": "couldn't retrieve manifest"}]
    assert (streamed.status_code, lines(streamed)) == (200, [*statuses, error])
    whole = await api.post("/api/push", json={"model": "nope", "stream": False})
    assert (whole.status_code, whole.json()) == (404, error)


@pytest.mark.parametrize("path", ["/api/pull", "/api/push"])
async def test_no_body_is_400(api: httpx2.AsyncClient, path: str) -> None:
    answer = await api.post(path)
    assert (answer.status_code, answer.json()) == (400, {"error": "missing request body"})
