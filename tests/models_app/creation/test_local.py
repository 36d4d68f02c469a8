"""A Modelfile's names and paths on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from models_app.creation.folder import folder_files
from models_app.creation.local import request_of_local
from models_app.creation.request import CreateRequest
from models_app.digests import Digest
from models_app.errors import CatalogError, InvalidCreate, InvalidSource, TransferCancelled
from models_app.modelfile import modelfile_parse, recipe_read
from models_app.progress import Progress
from models_app.store import blobs


def digest_of(data: bytes) -> str:
    return str(Digest.of(data))


@pytest.fixture
def folder(store: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "a.gguf").write_bytes(b"GGUF a")
    (folder / "lora.gguf").write_bytes(b"GGUF lora")
    return folder


def request_of(
    text: str, folder: Path, lines: list[Progress] | None = None, cancelled: Callable[[], bool] = lambda: False
) -> CreateRequest:
    recipe = recipe_read(modelfile_parse(text))
    lines = [] if lines is None else lines
    return request_of_local(recipe, folder=folder, model="new", on_progress=lines.append, cancelled=cancelled)


def test_a_name_is_a_name_and_a_file_is_a_file(folder: Path) -> None:
    request = request_of("FROM llama3:8b\nADAPTER ./lora.gguf\nSYSTEM hi", folder)
    assert (request.source, request.files, request.system) == ("llama3:8b", None, "hi")
    assert request.adapters == {"lora.gguf": digest_of(b"GGUF lora")}
    request = request_of("FROM a.gguf", folder)
    assert (request.source, request.files) == ("", {"a.gguf": digest_of(b"GGUF a")})
    assert blobs.blob_read(Digest.of(b"GGUF a"), max_bytes=100) == b"GGUF a"


def test_paths_may_be_absolute_or_of_the_home(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    for path in (folder / "a.gguf", "~/a.gguf", "../here/a.gguf", '"./a.gguf"'):
        assert request_of(f"FROM {path}", folder).files == {"a.gguf": digest_of(b"GGUF a")}


def test_files_of_one_name_keep_apart(folder: Path) -> None:
    (folder / "other").mkdir()
    (folder / "other" / "a.gguf").write_bytes(b"GGUF other")
    request = request_of("FROM ./a.gguf\nFROM ./other/a.gguf\nFROM ./a.gguf", folder)
    assert request.files == {"a.gguf": digest_of(b"GGUF a"), "2/a.gguf": digest_of(b"GGUF other")}


def test_a_file_that_is_there_is_not_copied_again(folder: Path) -> None:
    lines: list[Progress] = []
    request_of("FROM ./a.gguf", folder, lines)
    digest = digest_of(b"GGUF a")
    assert lines == [
        Progress(status="gathering model components"),
        Progress(status=f"copying file {digest}", digest=digest, total=6, completed=6),
    ]
    del lines[:]
    request_of("FROM ./a.gguf", folder, lines)
    assert lines == [Progress(status="gathering model components")]


@pytest.mark.parametrize("path", ["./none.gguf", "/no/such/file", "~/none", "./dangling"])
def test_a_path_that_leads_nowhere_is_told(folder: Path, path: str) -> None:
    (folder / "dangling").symlink_to(folder / "gone")
    with pytest.raises(InvalidCreate, match="no such file or directory"):
        request_of(f"FROM {path}", folder)


@pytest.mark.parametrize("kind", ["fifo", "device", "unreadable"])
def test_special_files_are_refused_at_once(folder: Path, kind: str) -> None:
    """S5 (CVE-2024-39721)."""
    path = folder / "strange.gguf"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "unreadable":
            path.symlink_to("/proc/self/mem/x")
    with pytest.raises(CatalogError):
        request_of("FROM ./strange.gguf", folder)


def test_copying_ends_when_it_is_cancelled(folder: Path, store: Path) -> None:
    with pytest.raises(TransferCancelled):
        request_of("FROM ./a.gguf", folder, cancelled=lambda: True)
    assert not list(store.iterdir())


def test_a_file_that_changes_is_refused(folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models_app.creation.local_files._hash", lambda *_: "0" * 64)
    with pytest.raises(InvalidSource, match=r"a\.gguf: the file changed while it was read"):
        request_of("FROM ./a.gguf", folder)
    assert not list(store.iterdir())


def test_a_folder_gives_its_weights_and_what_belongs_to_them(tmp_path: Path) -> None:
    for name in (
        "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "config.json", "tokenizer.json",
        "1_Pooling/config.json", "chat_template.jinja", "README.md", "pytorch_model.bin", "x.gguf",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert set(folder_files(tmp_path)) == {
        "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "config.json", "tokenizer.json",
        "1_Pooling/config.json", "chat_template.jinja",
    }  # fmt: skip


def test_a_folder_of_gguf_files_gives_just_those(tmp_path: Path) -> None:
    for name in ("a.gguf", "mmproj.gguf", "config.json"):
        (tmp_path / name).touch()
    assert set(folder_files(tmp_path)) == {"a.gguf", "mmproj.gguf"}


def test_a_folder_may_hold_no_model(tmp_path: Path) -> None:
    with pytest.raises(InvalidCreate, match="no Modelfile or safetensors files found"):
        folder_files(tmp_path)


def test_a_folder_may_not_link_out_of_itself(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret").touch()
    (inside / "a.gguf").symlink_to(tmp_path / "secret")
    with pytest.raises(InvalidCreate, match=r"insecure path: a\.gguf"):
        folder_files(inside)
