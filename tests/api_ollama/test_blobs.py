"""/api/blobs/<digest>: what Ollama's clients do with it, and what only Power has: ranges and removal."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from models_app.digests import Digest
from models_app.models import Blob, Layer, Manifest, Tag
from models_app.services.check import store_clean
from models_app.store import blobs
from power_site import conf
from power_site.gate import Gate
from power_site.handler import APIHandler

DATA = bytes(range(256)) * 5000
DIGEST = Digest.of(DATA)
URL = f"/api/blobs/{DIGEST}"
DASHED = f"/api/blobs/{DIGEST.filename}"
ETAG = f'"{DIGEST}"'
LYING = [
    "sha256:" + "0" * 63,
    "sha256:" + "0" * 63 + "g",
    "sha256:" + "A" * 64,
    "sha256-" + "A" * 64,
    "sha512:" + "0" * 64,
    "sha256:" + "0" * 64 + "%0A",
    "sha256:..%5C..%5Cetc%5Cpasswd",
    "x" * 10_000,
]


def names(store: Path) -> list[str]:
    return sorted(path.name for path in store.iterdir())


async def put(api: httpx2.AsyncClient, data: bytes = DATA) -> str:
    url = f"/api/blobs/{Digest.of(data)}"
    assert (await api.post(url, content=data)).status_code == 201
    return url


@pytest.mark.parametrize("method", ["HEAD", "GET", "POST", "DELETE"])
@pytest.mark.parametrize("digest", LYING)
async def test_a_lying_digest_is_400(api: httpx2.AsyncClient, store: Path, method: str, digest: str) -> None:
    answer = await api.request(method, f"/api/blobs/{digest}", content=b"x" if method == "POST" else None)
    assert answer.status_code == 400
    if method != "HEAD":
        assert answer.json() == {"error": "invalid digest format"}
    assert names(store) == []


@pytest.mark.parametrize("path", ["/api/blobs/", "/api/blobs", f"{URL}/x", "/api/blobs/sha256-..%2f..%2fetc%2fpasswd"])
async def test_a_path_with_more_than_a_digest_is_404(api: httpx2.AsyncClient, path: str) -> None:
    answer = await api.post(path, content=b"x")
    assert answer.status_code == 404
    assert answer.json() == {"error": "not found"}


@pytest.mark.parametrize("method", ["HEAD", "GET", "DELETE"])
async def test_a_blob_that_is_not_there_is_404(api: httpx2.AsyncClient, method: str) -> None:
    answer = await api.request(method, URL)
    assert answer.status_code == 404
    if method != "HEAD":
        assert answer.json() == {"error": f'blob "{DIGEST}" not found'}


async def test_an_uploaded_blob_is_there_byte_for_byte(api: httpx2.AsyncClient, store: Path) -> None:
    created = await api.post(URL, content=DATA)
    assert (created.status_code, created.content) == (201, b"")
    assert names(store) == [DIGEST.filename]
    for url in (URL, DASHED):
        head = await api.head(url)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["Content-Length"] == str(len(DATA))
        got = await api.get(url)
        assert (got.status_code, got.content) == (200, DATA)
        assert got.headers["Content-Type"] == "application/octet-stream"
        assert got.headers["Content-Disposition"] == f'attachment; filename="{DIGEST.filename}"'
        assert got.headers["ETag"] == ETAG
        assert got.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_body_in_chunks_without_a_length_is_taken(api: httpx2.AsyncClient, store: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(DATA), 7001):
            yield DATA[at : at + 7001]

    assert (await api.post(DASHED, content=chunks())).status_code == 201
    assert blobs.blob_verify(DIGEST) == len(DATA)


async def test_the_empty_blob_is_a_blob(api: httpx2.AsyncClient, store: Path) -> None:
    url = await put(api, b"")
    got = await api.get(url)
    assert (got.status_code, got.content, got.headers["Content-Length"]) == (200, b"", "0")
    assert (await api.get(url, headers={"Range": "bytes=0-"})).status_code == 416
    assert (await api.delete(url)).status_code == 200


async def test_a_blob_that_is_there_is_neither_read_nor_written_again(api: httpx2.AsyncClient, store: Path) -> None:
    await put(api)
    before = (store / DIGEST.filename).stat()
    assert (await api.post(URL, content=b"other bytes, which nobody looks at")).status_code == 200
    after = (store / DIGEST.filename).stat()
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)
    assert blobs.blob_verify(DIGEST) == len(DATA)


async def test_other_bytes_than_the_name_says_are_400_and_leave_nothing(api: httpx2.AsyncClient, store: Path) -> None:
    got = Digest.of(b"other bytes")
    answer = await api.post(URL, content=b"other bytes")
    assert answer.status_code == 400
    assert answer.json() == {"error": f'digest mismatch, expected "{DIGEST}", got "{got}"'}
    assert names(store) == []


async def test_uploads_of_one_digest_at_once_all_succeed_and_one_file_stays(
    api: httpx2.AsyncClient, store: Path
) -> None:
    answers = await asyncio.gather(*(api.post(URL, content=DATA) for _ in range(8)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(201) == 1
    assert set(statuses) <= {200, 201}
    assert names(store) == [DIGEST.filename]


async def test_an_upload_larger_than_any_other_body_may_be_is_taken(api: httpx2.AsyncClient, store: Path) -> None:
    conf.configure({"min_free_bytes": 0, "max_body_bytes": 1024, "max_media_body_bytes": 2048})
    app = Gate(APIHandler(), conf.config())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost") as small:
        assert (await small.post(URL, content=DATA)).status_code == 201
        assert (await small.post("/api/show", content=DATA)).status_code == 413
        assert (await small.post(f"{URL}/", content=DATA)).status_code == 413


@pytest.mark.parametrize("sized", [True, False], ids=["announced", "in chunks"])
async def test_a_full_disk_is_507_and_leaves_nothing(api: httpx2.AsyncClient, store: Path, sized: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield DATA

    conf.configure({"min_free_bytes": 2**62})
    answer = await api.post(URL, content=DATA if sized else chunks())
    assert answer.status_code == 507
    assert answer.json()["error"].startswith("not enough space")
    assert names(store) == []


class Leaving:
    """A request whose client sends some of its body and then goes away, or stays silent until it is cancelled."""

    def __init__(self, *, leaves: bool) -> None:
        headers = [(b"host", b"localhost"), (b"content-length", str(len(DATA)).encode())]
        self.scope: dict[str, Any] = {
            "type": "http", "http_version": "1.1", "method": "POST", "path": URL, "raw_path": URL.encode(),
            "query_string": b"", "headers": headers, "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 9),
        }  # fmt: skip
        self.sent: list[Any] = []
        self.waiting = asyncio.Event()
        self._leaves = leaves
        self._n = 0

    async def receive(self) -> dict[str, Any]:
        self._n += 1
        if self._n <= 2:
            return {"type": "http.request", "body": DATA[: len(DATA) // 2 - 1], "more_body": True}
        self.waiting.set()
        if not self._leaves:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)


async def test_a_client_that_leaves_in_the_midst_leaves_nothing(store: Path) -> None:
    client = Leaving(leaves=True)
    await Gate(APIHandler(), conf.config())(client.scope, client.receive, client.send)
    assert client.sent == []
    assert names(store) == []


async def test_an_upload_that_the_server_cancels_leaves_nothing(store: Path) -> None:
    client = Leaving(leaves=False)
    running = asyncio.ensure_future(Gate(APIHandler(), conf.config())(client.scope, client.receive, client.send))
    await client.waiting.wait()
    assert len(names(store)) == 1
    running.cancel()
    await asyncio.wait({running})
    assert names(store) == []


async def test_a_body_that_stops_coming_is_408_and_leaves_nothing(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("power_site.gate.bodies.IDLE_BODY_SECONDS", 0.1)
    client = Leaving(leaves=False)
    await Gate(APIHandler(), conf.config())(client.scope, client.receive, client.send)
    assert client.sent[0]["status"] == 408
    assert (b"connection", b"close") in client.sent[0]["headers"]
    assert names(store) == []


@pytest.mark.parametrize("ask", ["HEAD", "POST"])
async def test_who_finds_an_old_unused_blob_can_count_on_it(api: httpx2.AsyncClient, store: Path, ask: str) -> None:
    await put(api)
    old = time.time() - 7200
    os.utime(store / DIGEST.filename, (old, old))
    assert (await api.request(ask, URL)).status_code == 200
    await asyncio.to_thread(store_clean)
    assert (await api.head(URL)).status_code == 200
    os.utime(store / DIGEST.filename, (old, old))
    await asyncio.to_thread(store_clean)
    assert (await api.head(URL)).status_code == 404


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=1000-1999", 1000, 2000), ("bytes=1279000-", 1279000, 1280000),
     ("bytes=-1", 1279999, 1280000), ("bytes=-9999999", 0, 1280000), ("bytes=5-99999999", 5, 1280000)],
)  # fmt: skip
async def test_a_range_is_answered_in_part(api: httpx2.AsyncClient, asked: str, start: int, end: int) -> None:
    await put(api)
    for extra in ({}, {"If-Range": ETAG}):
        got = await api.get(URL, headers={"Range": asked, **extra})
        assert (got.status_code, got.content) == (206, DATA[start:end])
        assert got.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(DATA)}"
        assert got.headers["Content-Length"] == str(end - start)


async def test_a_range_of_another_version_is_answered_with_the_whole(api: httpx2.AsyncClient) -> None:
    await put(api)
    got = await api.get(URL, headers={"Range": "bytes=0-9", "If-Range": '"sha256:other"'})
    assert (got.status_code, got.content) == (200, DATA)


async def test_a_range_beyond_the_end_is_416_with_the_length(api: httpx2.AsyncClient) -> None:
    await put(api)
    got = await api.get(URL, headers={"Range": f"bytes={len(DATA)}-"})
    assert got.status_code == 416
    assert got.headers["Content-Range"] == f"bytes */{len(DATA)}"
    assert "error" in got.json()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_client_that_has_it_gets_304(api: httpx2.AsyncClient, method: str) -> None:
    await put(api)
    got = await api.request(method, URL, headers={"If-None-Match": f'"x", W/{ETAG}'})
    assert (got.status_code, got.content, got.headers["ETag"]) == (304, b"", ETAG)
    assert "Content-Length" not in got.headers
    assert "Content-Type" not in got.headers


async def test_an_unused_blob_goes_once(api: httpx2.AsyncClient, store: Path) -> None:
    await put(api)
    gone = await api.delete(DASHED)
    assert (gone.status_code, gone.content) == (200, b"")
    assert names(store) == []
    assert (await api.delete(URL)).status_code == 404


async def test_a_blob_that_a_model_needs_stays(api: httpx2.AsyncClient, store: Path) -> None:
    await put(api)
    await asyncio.to_thread(name_a_model)
    refused = await api.delete(URL)
    assert refused.status_code == 409
    assert refused.json() == {"error": f"blob \"{DIGEST}\" is in use by model 'tiny:latest'"}
    assert (await api.get(URL)).content == DATA


def name_a_model() -> None:
    manifest = Manifest.objects.create(digest=str(Digest.of(b"{}")), raw=b"{}", size_bytes=1)
    blob = Blob.objects.create(digest=str(DIGEST), size_bytes=len(DATA))
    Layer.objects.create(manifest=manifest, blob=blob, position=1, media_type="x")
    Tag.objects.create(
        host="registry.ollama.ai", namespace="library", model="tiny", tag="latest", key="tiny", manifest=manifest
    )


async def test_a_symlink_is_never_followed(api: httpx2.AsyncClient, store: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(DATA)
    (store / DIGEST.filename).symlink_to(secret)
    got = await api.get(URL)
    assert got.status_code == 500
    assert DATA[:100] not in got.content
    assert (await api.delete(URL)).status_code == 200
    assert secret.read_bytes() == DATA


async def test_a_download_that_is_left_closes_its_file(api: httpx2.AsyncClient, store: Path) -> None:
    await put(api)
    path = str(store / DIGEST.filename)
    for _ in range(3):
        await api.get(URL)
        await api.get(URL, headers={"Range": "bytes=9999999-"})
        await api.get(URL, headers={"If-None-Match": "*"})
    assert path not in {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_open(fd)}


def _is_open(fd: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{fd}")
