"""Pictures and sounds that a prompt names by their paths (Ollama's cmd/interactive.go, extractFileData)."""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass
from pathlib import Path

# A path begins with / ./ \ or a drive letter, spaces in it are escaped, and it ends in one of these.
_PATH = re.compile(
    r"(?:[a-zA-Z]:)?(?:\./|/|\\)[\S\\ ]+?\.(?i:jpg|jpeg|png|webp|wav)\b",
    re.ASCII,
)
_ESCAPED = re.compile(r"\\([ ()\[\]{}$&;'\\*?~])")
_MAX_BYTES = 100 * 2**20


class MediaError(Exception):
    """A file that is there and can't be sent; ``str(error)`` is one sentence with the name the user wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPrompt:
    """The prompt without the paths. ``images`` are the files in base64, ``added`` a line for each."""

    text: str
    images: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


def file_names(text: str) -> list[str]:
    """What looks like the path of a picture or a sound, as it was written."""
    return _PATH.findall(text)


def media_prompt(text: str) -> MediaPrompt:
    """Reads the files that ``text`` names. A path that leads nowhere stays in the text. Raises MediaError."""
    images: list[str] = []
    added: list[str] = []
    for found in file_names(text):
        written, name, data = _first_file(found)
        if data is None:
            continue
        for spelling in (f"'{name}'", f"'{written}'", written):
            text = text.replace(spelling, "")
        images.append(base64.b64encode(data).decode("ascii"))
        added.append(f"Added {'audio' if name.lower().endswith('.wav') else 'image'} '{name}'\n")
    return MediaPrompt(text=text.strip(), images=tuple(images), added=tuple(added))


def _first_file(found: str) -> tuple[str, str, bytes | None]:
    """What was written, the name it means, and that file's bytes. Other words may stand before the path itself."""
    spaces = [match.end() for match in re.finditer(r"(?<!\\) ", found)]
    for written in (found, *(found[start:] for start in spaces if _PATH.fullmatch(found, start))):
        name = _ESCAPED.sub(r"\1", written)
        if (data := _read(name)) is not None:
            return written, name, data
    return found, found, None


def _read(name: str) -> bytes | None:
    """The file's bytes, None where there is no such file."""
    path = Path(name)
    try:
        if not path.is_file():
            return None
        size_bytes = os.stat(path).st_size
        if size_bytes > _MAX_BYTES:
            raise MediaError(f"'{name}': file size exceeds maximum limit (100MB)")
        data = path.read_bytes()
    except OSError as error:
        raise MediaError(f"'{name}': {error.strerror}") from error
    if not _is_media(data):
        raise MediaError(f"'{name}': invalid file type, neither JPEG, PNG, WebP nor WAV")
    return data


def _is_media(data: bytes) -> bool:
    riff = data[:4] == b"RIFF" and data[8:12] in (b"WEBP", b"WAVE")
    return riff or data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))
