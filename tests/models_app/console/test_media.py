from __future__ import annotations

import base64
from pathlib import Path

import pytest

from models_app.console.media import MediaError, MediaPrompt, file_names, media_prompt

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("what is ./cat.png ?", ["./cat.png"]),
        ("/tmp/a.jpg and then /tmp/b.WEBP", ["/tmp/a.jpg", "/tmp/b.WEBP"]),
        (r"see /tmp/my\ cat.jpeg", [r"/tmp/my\ cat.jpeg"]),
        ("cat.png has no folder", []),
        ("/etc/hosts is no picture", []),
    ],
)
def test_paths_of_pictures_and_sounds_are_found(text: str, names: list[str]) -> None:
    assert file_names(text) == names


def test_a_picture_is_taken_out_of_the_text(folder: Path) -> None:
    (folder / "cat.png").write_bytes(PNG)
    assert media_prompt("what is ./cat.png") == MediaPrompt(
        text="what is", images=(base64.b64encode(PNG).decode(),), added=("Added image './cat.png'\n",)
    )


def test_a_path_with_escaped_spaces_or_in_quotes_is_a_path(folder: Path) -> None:
    (folder / "my cat.png").write_bytes(PNG)
    assert media_prompt(r"./my\ cat.png what?").text == "what?"
    assert media_prompt("'./my cat.png' what?") == media_prompt(r"./my\ cat.png what?")


def test_words_before_a_path_are_no_part_of_it(folder: Path) -> None:
    (folder / "cat.png").write_bytes(PNG)
    asked = media_prompt("is it /either or ./cat.png")
    assert (asked.text, len(asked.images)) == ("is it /either or", 1)


def test_a_sound_is_called_audio(folder: Path) -> None:
    (folder / "cat.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVEfmt ")
    assert media_prompt("./cat.wav").added == ("Added audio './cat.wav'\n",)


def test_a_path_that_leads_nowhere_stays_in_the_text(folder: Path) -> None:
    assert media_prompt("what is ./nope.png") == MediaPrompt(text="what is ./nope.png")


def test_a_file_that_is_no_picture_is_refused(folder: Path) -> None:
    (folder / "cat.png").write_text("secret text")
    with pytest.raises(MediaError, match="invalid file type"):
        media_prompt("./cat.png")
