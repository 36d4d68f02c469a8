"""Files that the `ollama` Python client brings, and what is there afterwards."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import httpx2
import ollama
import pytest

from tests.conformance.conftest import MODEL
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.real_model, pytest.mark.timeout(300)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "adapter.bin"
    path.write_bytes(b"".join(hashlib.sha256(bytes([n])).digest() * 4096 for n in range(64)))
    return path


def test_create_blob_brings_a_file_once(client: ollama.Client, raw: httpx2.Client, file: Path) -> None:
    data = file.read_bytes()
    url = f"/api/blobs/sha256:{hashlib.sha256(data).hexdigest()}"
    assert raw.head(url).status_code == 404
    for _ in range(2):
        assert client.create_blob(file) == url.removeprefix("/api/blobs/")
        head, got = raw.head(url), raw.get(url)
        assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(data)))
        assert (got.status_code, got.content) == (200, data)
    assert raw.get(url, headers={"Range": "bytes=100-199"}).content == data[100:200]
    assert raw.get(url, headers={"If-None-Match": head.headers["ETag"]}).status_code == 304
    assert raw.delete(url).status_code == 200
    assert raw.head(url).status_code == 404


def test_the_async_client_brings_it_in_chunks(server: LiveServer, raw: httpx2.Client, file: Path) -> None:
    digest = asyncio.run(ollama.AsyncClient(host=server.url, timeout=120).create_blob(file))
    assert raw.get(f"/api/blobs/{digest}").content == file.read_bytes()
    assert raw.delete(f"/api/blobs/{digest}").status_code == 200


def test_the_blob_of_a_model_cannot_be_removed(raw: httpx2.Client, smollm2_path: Path) -> None:
    with smollm2_path.open("rb") as model:
        url = f"/api/blobs/sha256:{hashlib.file_digest(model, 'sha256').hexdigest()}"
    refused = raw.delete(url)
    assert refused.status_code == 409
    assert f"is in use by model '{MODEL}'" in refused.json()["error"]
    assert raw.head(url).status_code == 200
