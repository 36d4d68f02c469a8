"""The order in which a pull looks for its source."""

from __future__ import annotations

from pathlib import Path

import pytest

from models_app.errors import InvalidModelName, InvalidSource, SourceNotFound
from models_app.sources.file import FileSource
from models_app.sources.find import source_find, source_shown
from models_app.sources.url import URLSource


def test_a_path_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.gguf").touch()
    for text in (str(tmp_path / "x"), "./x", "../x", "~/x", "here.gguf"):
        assert isinstance(source_find(text, local_files=True), FileSource)


def test_a_name_stays_a_name_even_where_a_file_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nobody-knows-this").touch()
    with pytest.raises(SourceNotFound) as missing:
        source_find("nobody-knows-this", local_files=True)
    assert missing.value.name == "nobody-knows-this:latest"


@pytest.mark.parametrize("text", ["/etc/passwd", "/nonexistent", "./x", "here.gguf"])
def test_over_a_wire_there_are_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """S4: what exists and what doesn't gets one and the same answer."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.gguf").touch()
    with pytest.raises((InvalidModelName, SourceNotFound)) as refused:
        source_find(text, local_files=False)
    assert not isinstance(refused.value, InvalidSource)


def test_a_url_is_a_url(home: Path) -> None:
    assert isinstance(source_find("https://h.example/m.gguf", local_files=False), URLSource)
    with pytest.raises(InvalidSource):
        source_find("ftp://h.example/m.gguf", local_files=False)


def test_a_model_of_the_cloud_has_no_source_here() -> None:
    with pytest.raises(SourceNotFound):
        source_find("smollm2:135m-cloud", local_files=False)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("smollm2:135m", "smollm2:135m"),
        ("team/assistant:v2", "team/assistant:v2"),
        ("/home/someone/secret/model.gguf", "model.gguf"),
        ("~/model.gguf", "model.gguf"),
        ("https://user:secret@example.com/a/m.gguf?token=secret#sha256=ab", "https://example.com/a/m.gguf"),
        ("https://example.com?token=secret", "https://example.com"),
    ],
)
def test_what_is_shown_of_a_source_has_no_path_and_no_secret(source: str, shown: str) -> None:
    assert source_shown(source) == shown
