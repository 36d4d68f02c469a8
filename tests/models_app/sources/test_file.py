"""A file on this machine as a source; S5's special files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from models_app.errors import InvalidSource
from models_app.naming import ModelName
from models_app.sources.file import FileSource, name_from_file
from tests.models_app.sources.contract import CHANGED, DATA, SourceContract


class TestFileSource(SourceContract):
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "Tiny.Q4_0.gguf"
        path.write_bytes(DATA)
        return path

    @pytest.fixture
    def source(self, path: Path) -> FileSource:
        return FileSource(path)

    @pytest.fixture
    def change(self, path: Path) -> Callable[[], object]:
        return lambda: path.write_bytes(CHANGED)


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct:Q4_1"),
        ("qwen2.5-0.5b-instruct-q4_k_m.gguf", "qwen2.5-0.5b-instruct:q4_k_m"),
        ("gemma-IQ4_XS.GGUF", "gemma:IQ4_XS"),
        ("model.gguf", "model"),
        ("модель (1).gguf", "1"),
        (".gguf", "model"),
        ("x" * 300 + ".gguf", "x" * 80),
    ],
)
def test_a_file_suggests_a_name_that_the_grammar_allows(filename: str, name: str) -> None:
    assert name_from_file(filename) == name
    assert ModelName.parse(name)


def test_a_symlink_is_the_users_own_to_follow(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(DATA)
    (tmp_path / "b.gguf").symlink_to("a.gguf")
    assert FileSource(tmp_path / "b.gguf").resolve().layers[0].size_bytes == len(DATA)


@pytest.mark.parametrize("kind", ["fifo", "directory", "device", "dangling", "missing", "zip", "empty"])
def test_what_is_no_gguf_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "device":
            path = Path("/dev/zero")
        case "dangling":
            path.symlink_to("nowhere")
        case "zip":
            path.write_bytes(b"PK\x03\x04" + bytes(100))
        case "empty":
            path.touch()
    begun = time.monotonic()
    with pytest.raises(InvalidSource) as refused:
        FileSource(path).resolve()
    assert time.monotonic() - begun < 2
    assert str(tmp_path) not in str(refused.value)
