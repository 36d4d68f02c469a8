"""A prompt composed in the user's own editor (Ctrl-G)."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

_DEFAULT = "vi"


class EditorError(Exception):
    """``str(error)`` is one sentence."""


def editor_command(configured: str) -> list[str]:
    """The setting ``editor``, else what other programs of a terminal obey as well. Raises EditorError."""
    # The environment of the terminal's programs, and none of Power's settings.
    text = configured or os.environ.get("VISUAL") or os.environ.get("EDITOR") or _DEFAULT
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    if not words or shutil.which(words[0]) is None:
        raise EditorError(f'editor "{text}" not found, set OLLAMA_EDITOR to the path of your preferred editor')
    return words


def edited(text: str, command: list[str]) -> str:
    """``text`` after the editor, which has the terminal meanwhile. Raises EditorError."""
    descriptor, name = tempfile.mkstemp(prefix="power-prompt-", suffix=".txt")  # readable by its owner only
    path = Path(name)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        status = subprocess.run([*command, name], check=False).returncode  # noqa: S603 - the user's own editor
        if status:
            raise EditorError(f"editor exited with status {status}")
        return path.read_text(encoding="utf-8", errors="replace").rstrip("\n")
    finally:
        path.unlink(missing_ok=True)
