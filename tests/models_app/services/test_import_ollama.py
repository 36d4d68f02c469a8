"""Another store's models, taken over by hard links."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from models_app import selectors
from models_app.digests import Digest
from models_app.entries import ModelEntry
from models_app.errors import InvalidSource
from models_app.manifests import CONFIG_TYPE, MODEL_TYPE, SYSTEM_TYPE, LayerRef, config_json, manifest_build
from models_app.models import Tag
from models_app.progress import Progress
from models_app.services.delete import model_delete
from models_app.services.import_ollama import ImportedModel, ollama_import
from models_app.store import blobs


class OllamaStore:
    """A folder as Ollama leaves it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "blobs").mkdir(parents=True)
        (folder / "manifests").mkdir()

    def add_blob(self, data: bytes, media_type: str) -> LayerRef:
        digest = Digest.of(data)
        self.blob(digest).write_bytes(data)
        return LayerRef(media_type=media_type, digest=digest, size_bytes=len(data))

    def add_model(self, name: str, gguf: bytes, *, system: str = "Be kind.") -> list[LayerRef]:
        """``name`` is host/namespace/model/tag. Config, model and system layer, in this order."""
        config = self.add_blob(config_json(family="llama", parameter_size="1B", quantization="F32"), CONFIG_TYPE)
        layers = (self.add_blob(gguf, MODEL_TYPE), self.add_blob(system.encode(), SYSTEM_TYPE))
        path = self.manifest(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(manifest_build(config=config, layers=layers).raw)
        return [config, *layers]

    def blob(self, digest: Digest) -> Path:
        return self.folder / "blobs" / digest.filename

    def manifest(self, name: str) -> Path:
        return self.folder / "manifests" / name

    def state(self) -> dict[str, tuple[int, int, bytes]]:
        """Everything of each file that an import must not change; the number of its links it may."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and path.name != ".lock"]
        return {str(p): (p.stat().st_mode, p.stat().st_mtime_ns, p.read_bytes()) for p in files}


NAME = "registry.ollama.ai/library/tiny/1b"


@pytest.fixture
def ollama(store: Path, tmp_path: Path) -> OllamaStore:
    return OllamaStore(tmp_path / "ollama")


def imported(ollama: OllamaStore, **options: Any) -> list[ImportedModel]:
    return list(ollama_import(directory=ollama.folder, on_progress=lambda progress: None, **options))


def only(models: list[ImportedModel]) -> ImportedModel:
    (model,) = models
    return model


def test_a_model_is_taken_over_under_its_name_and_no_byte_is_copied(ollama: OllamaStore, tiny_gguf: Path) -> None:
    layers = ollama.add_model(NAME, tiny_gguf.read_bytes())
    before = ollama.state()
    model = only(imported(ollama))
    assert (model.name, model.is_new, model.n_linked, model.n_copied, model.problem) == ("tiny:1b", True, 3, 0, "")
    for layer in layers:
        assert blobs.blob_path(layer.digest).samefile(ollama.blob(layer.digest))
    assert ollama.state() == before
    card = selectors.model_card("tiny:1b")
    assert (card.system, card.entry.digest) == ("Be kind.", Digest.of(ollama.manifest(NAME).read_bytes()).hex)


def test_a_second_import_does_nothing_and_what_was_lost_comes_back(ollama: OllamaStore, tiny_gguf: Path) -> None:
    _, layer, _ = ollama.add_model(NAME, tiny_gguf.read_bytes())
    imported(ollama)
    again = only(imported(ollama))
    assert (again.is_new, again.n_present, again.problem) == (False, 3, "")
    blobs.blob_path(layer.digest).unlink()
    assert only(imported(ollama)).n_linked == 1


def test_a_model_deleted_here_stays_there(ollama: OllamaStore, tiny_gguf: Path) -> None:
    ollama.add_model(NAME, tiny_gguf.read_bytes())
    imported(ollama)
    before = ollama.state()
    model_delete(name="tiny:1b")
    assert ollama.state() == before


def test_what_is_broken_is_skipped_with_its_reason_and_the_others_are_taken(
    ollama: OllamaStore, tiny_gguf: Path, store: Path
) -> None:
    gguf = tiny_gguf.read_bytes()
    ollama.add_model(NAME, gguf)
    damaged = ollama.add_model("registry.ollama.ai/library/damaged/latest", gguf, system="aaaa")[2]
    ollama.blob(damaged.digest).write_bytes(b"bbbb")
    missing = ollama.add_model("registry.ollama.ai/library/missing/latest", gguf, system="cccc")[2]
    ollama.blob(missing.digest).unlink()
    short = ollama.add_model("registry.ollama.ai/library/short/latest", gguf, system="dddd")[2]
    ollama.blob(short.digest).write_bytes(b"d")
    ollama.add_model("registry.ollama.ai/library/weights/latest", b"GGUFnonsense")
    ollama.manifest("registry.ollama.ai/library/text").mkdir()
    ollama.manifest("registry.ollama.ai/library/text/latest").write_text("no manifest")
    problems = {model.name: model.problem for model in imported(ollama)}
    assert problems.pop("tiny:1b") == ""
    assert "digest mismatch" in problems["damaged:latest"]
    assert "can't be read" in problems["missing:latest"]
    assert "has 1 bytes and not 4" in problems["short:latest"]
    assert "invalid GGUF file" in problems["weights:latest"]
    assert problems["text:latest"] == "invalid manifest: it is not JSON"
    assert [entry.name.short for entry in selectors.model_list()] == ["tiny:1b"]
    # Of those that were skipped nothing is left but what the one that was taken shares with them.
    assert len([path for path in store.iterdir() if not path.name.startswith(".")]) == 3


def test_symlinks_and_odd_files_are_refused(ollama: OllamaStore, tiny_gguf: Path, tmp_path: Path) -> None:
    layers = ollama.add_model(NAME, tiny_gguf.read_bytes())
    elsewhere = tmp_path / "elsewhere"
    ollama.blob(layers[1].digest).rename(elsewhere)
    ollama.blob(layers[1].digest).symlink_to(elsewhere)
    assert "is not a regular file" in only(imported(ollama)).problem
    ollama.blob(layers[1].digest).unlink()
    os.mkfifo(ollama.blob(layers[1].digest))
    assert "is not a regular file" in only(imported(ollama)).problem
    ollama.manifest(NAME).rename(elsewhere)
    ollama.manifest(NAME).symlink_to(elsewhere)
    assert "it is a symlink" in only(imported(ollama)).problem
    ollama.manifest(NAME).unlink()
    ollama.manifest("registry.ollama.ai/loop").symlink_to(ollama.folder)
    assert [model.problem for model in imported(ollama)] == ["it is not where a model's manifest is"]
    assert selectors.model_list() == []


def test_names_that_ours_can_not_be_are_skipped(ollama: OllamaStore, tiny_gguf: Path) -> None:
    ollama.add_model("registry.ollama.ai/library/ti ny/1b", tiny_gguf.read_bytes())
    assert only(imported(ollama)).problem == "invalid model name"


def test_where_no_link_can_be_made_the_bytes_are_copied_and_checked(
    ollama: OllamaStore, tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    layers = ollama.add_model(NAME, tiny_gguf.read_bytes())
    model = only(imported(ollama, verify=False))
    assert (model.n_linked, model.n_copied) == (0, 3)
    assert not blobs.blob_path(layers[1].digest).samefile(ollama.blob(layers[1].digest))
    assert blobs.blob_verify(layers[1].digest) == layers[1].size_bytes


def test_without_verification_no_byte_is_read(ollama: OllamaStore, tiny_gguf: Path) -> None:
    ollama.add_model(NAME, tiny_gguf.read_bytes())
    seen: list[Progress] = []
    assert only(list(ollama_import(directory=ollama.folder, verify=False, on_progress=seen.append))).is_new
    assert seen == []


def test_progress_tells_which_blob_is_being_read(ollama: OllamaStore, tiny_gguf: Path) -> None:
    layers = ollama.add_model(NAME, tiny_gguf.read_bytes())
    seen: list[Progress] = []
    list(ollama_import(directory=ollama.folder, on_progress=seen.append))
    assert {progress.digest for progress in seen} == {str(layer.digest) for layer in layers}
    assert all(progress.status.startswith("verifying ") for progress in seen)


def test_a_name_that_the_catalog_has_from_elsewhere_is_left_alone(
    ollama: OllamaStore, tiny_gguf: Path, pull: Any
) -> None:
    mine: ModelEntry = pull(tiny_gguf, "tiny:1b")
    ollama.add_model(NAME, tiny_gguf.read_bytes())
    assert "another model of this name" in only(imported(ollama)).problem
    assert selectors.model_get("tiny:1b").digest == mine.digest
    assert only(imported(ollama, replace_others=True)).is_new
    assert selectors.model_get("tiny:1b").digest != mine.digest


def test_what_ollama_has_newly_pulled_replaces_what_was_taken_over(ollama: OllamaStore, tiny_gguf: Path) -> None:
    ollama.add_model(NAME, tiny_gguf.read_bytes())
    imported(ollama)
    ollama.add_model(NAME, tiny_gguf.read_bytes(), system="Be brief.")
    assert only(imported(ollama)).is_new
    assert selectors.model_card("tiny:1b").system == "Be brief."
    assert Tag.objects.count() == 1


def test_a_folder_that_is_both_stores_is_checked_in_place(store: Path, tiny_gguf: Path) -> None:
    ollama = OllamaStore.__new__(OllamaStore)
    ollama.folder = store.parent
    damaged = ollama.add_model("registry.ollama.ai/library/damaged/latest", tiny_gguf.read_bytes(), system="aaaa")[2]
    ollama.blob(damaged.digest).write_bytes(b"bbbb")
    ollama.add_model(NAME, tiny_gguf.read_bytes())
    before = ollama.state()
    broken, whole = imported(ollama)
    assert "digest mismatch" in broken.problem
    assert (whole.n_present, whole.n_linked, whole.problem) == (3, 0, "")
    assert ollama.state() == before


def test_a_folder_that_is_no_store_is_refused(store: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidSource, match="no Ollama store"):
        list(ollama_import(directory=tmp_path, on_progress=lambda progress: None))
