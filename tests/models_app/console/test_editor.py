from __future__ import annotations

import stat
import tempfile
from pathlib import Path

import pytest

from models_app.console.editor import EditorError, edited, editor_command


def script(folder: Path, text: str) -> list[str]:
    path = folder / "editor"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return [str(path)]


def test_the_editor_changes_the_text_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drafts = tmp_path / "drafts"
    drafts.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(drafts))
    assert edited("draft", script(tmp_path, 'echo " and more" >> "$1"')) == "draft and more"
    assert list(drafts.iterdir()) == []


def test_the_draft_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    mode = edited("", script(tmp_path, 'stat -c %a "$1" > "$1.mode"; cat "$1.mode" > "$1"; rm "$1.mode"'))
    assert int(mode, 8) == stat.S_IRUSR | stat.S_IWUSR


def test_an_editor_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(EditorError, match="status 3"):
        edited("draft", script(tmp_path, "exit 3"))


def test_the_setting_comes_before_what_the_terminal_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "sh -u")
    monkeypatch.setenv("EDITOR", "cat")
    assert editor_command("sh -e") == ["sh", "-e"]
    assert editor_command("") == ["sh", "-u"]
    monkeypatch.delenv("VISUAL")
    assert editor_command("") == ["cat"]


@pytest.mark.parametrize("command", ["no-such-editor -w", "'unclosed"])
def test_an_editor_that_there_is_not_is_told(command: str) -> None:
    with pytest.raises(EditorError, match="not found"):
        editor_command(command)
