"""S1 to S3: a name or a digest that lies becomes no path, no row and no crash, wherever it comes from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from models_app import selectors
from models_app.digests import Digest
from models_app.errors import CatalogError, InvalidDigest, InvalidManifest, InvalidModelName
from models_app.manifests import MODEL_TYPE, manifest_parse
from models_app.models import Blob, Tag
from models_app.naming import ModelName
from models_app.services.commit import manifest_commit
from models_app.services.copy import model_copy
from models_app.services.delete import deletion_preview, model_delete
from models_app.services.pull import model_pull
from models_app.store import blobs
from power_site import conf
from tests.gguf_files import write_tiny_gguf
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

HEX = "0123456789abcdef" * 4
DIGESTS = (
    "sha256:../../../../etc/passwd", "sha256:" + HEX[:-1], "sha256:" + HEX[:-1] + "g", "sha256:" + HEX.upper(),
    "sha512:" + HEX, f"sha256-{HEX}%2f..", f"sha256:{HEX}\n", "sha256:" + "a" * 1_000_000, "", "sha256:", None, 7,
    "sha256:../../x", ["sha256:" + HEX],
)  # fmt: skip
NAMES = (
    "../../x", "a/../../b:latest", "C:\\x", "NUL", ".", "..", "a\0b", "a\u202eb", "x" * 300, "host:port/../..",
    "/etc/passwd", "~/x", "a//b", "%2e%2e/x", "\u212a", "a b", "a\nb", "con.gguf",
)  # fmt: skip


@pytest.fixture
def canary(home: Path) -> Path:
    """A file beside the store that no path out of a lie may touch."""
    conf.configure({"min_free_bytes": 0})
    blobs.blobs_dir()
    path = home / "x"
    path.write_text("untouched")
    return path


def pull(source: str, name: str | None) -> object:
    return model_pull(source=source, name=name, on_progress=lambda _: None, cancelled=lambda: False, local_files=False)


@pytest.mark.parametrize("text", DIGESTS, ids=lambda text: repr(text)[:30])
def test_a_lying_digest_is_no_digest(text: object) -> None:
    with pytest.raises(InvalidDigest):
        Digest.parse(text)


@pytest.mark.parametrize("text", DIGESTS, ids=lambda text: repr(text)[:30])
@pytest.mark.parametrize("place", ["config", "layer"])
def test_a_manifest_with_a_lying_digest_is_refused(canary: Path, text: object, place: str) -> None:
    good = {"mediaType": MODEL_TYPE, "digest": f"sha256:{HEX}", "size": 1}
    lying = good | {"digest": text}
    config, layer = (lying, good) if place == "config" else (good, lying)
    with pytest.raises(InvalidManifest):
        manifest_parse(json.dumps({"schemaVersion": 2, "config": config, "layers": [layer]}).encode())
    assert canary.read_text() == "untouched"


def test_a_row_with_a_lying_digest_becomes_no_path(canary: Path) -> None:
    """As if somebody had written to the database by hand: the length is right, and so is the prefix."""
    row = Blob.objects.create(digest="sha256:" + "../" * 21 + "x", size_bytes=1)
    with pytest.raises(InvalidDigest):
        blobs.blob_path(Digest.parse(row.digest))


def test_a_manifest_whose_blobs_are_not_there_gets_no_name(canary: Path) -> None:
    layer = {"mediaType": MODEL_TYPE, "digest": f"sha256:{HEX}", "size": 1}
    document = manifest_parse(json.dumps({"schemaVersion": 2, "config": layer, "layers": [layer]}).encode())
    with pytest.raises(CatalogError):
        manifest_commit(name=ModelName.parse("m"), document=document, source="rogue")
    assert not Tag.objects.exists()


ACTIONS: dict[str, Callable[[str], Any]] = {
    "get": selectors.model_get,
    "show": selectors.model_card,
    "serve": selectors.model_served,
    "pull": lambda name: pull(name, None),
    "pull as": lambda name: pull("smollm2:135m", name),
    "copy from": lambda name: model_copy(source=name, destination="n"),
    "copy to": lambda name: model_copy(source="m", destination=name),
    "delete": lambda name: model_delete(name=name),
    "preview": lambda name: deletion_preview(names=[name]),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name)[:20])
def test_a_lying_name_is_refused_by_every_service(canary: Path, action: str, name: str) -> None:
    with pytest.raises(InvalidModelName):
        ACTIONS[action](name)
    assert not Tag.objects.exists()
    assert canary.read_text() == "untouched"
    assert sorted(path.name for path in blobs.blobs_dir().iterdir()) == []


def test_two_spellings_are_one_row(canary: Path, tmp_path: Path) -> None:
    source = str(write_tiny_gguf(tmp_path / "m.gguf"))
    for name in ("Llama3", "LLAMA3:latest", "library/llama3:LATEST", "registry.ollama.ai/library/llama3"):
        model_pull(source=source, name=name, on_progress=lambda _: None, cancelled=lambda: False)
    assert [tag.name.short for tag in Tag.objects.all()] == ["Llama3:latest"]
    assert selectors.model_get("lLaMa3:LaTeSt").name.short == "Llama3:latest"


@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name)[:20])
def test_a_lying_name_is_a_bad_request_and_the_server_lives_on(shared_server: LiveServer, name: str) -> None:
    with httpx2.Client(base_url=shared_server.url, trust_env=False, timeout=30) as client:
        answers = [
            client.post("/api/show", json={"model": name}),
            client.post("/api/copy", json={"source": "tiny", "destination": name}),
            client.post("/api/copy", json={"source": name, "destination": "n"}),
            client.request("DELETE", "/api/delete", json={"model": name}),
            client.post("/api/generate", json={"model": name, "prompt": "x", "stream": False}),
        ]
        assert [answer.status_code for answer in answers] == [400] * len(answers)
        assert all("error" in answer.json() for answer in answers)
        models = client.get("/api/tags").json()["models"]
    assert [model["name"] for model in models] == ["tiny:latest"]
    assert shared_server.is_alive()


def test_any_spelling_finds_the_model_over_the_wire(shared_server: LiveServer) -> None:
    with httpx2.Client(base_url=shared_server.url, trust_env=False, timeout=30) as client:
        assert client.post("/api/show", json={"model": "TINY:Latest"}).status_code == 200
