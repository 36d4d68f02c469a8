"""Which source a pull reads from: a file, a URL, an installed package, or a well-known model, in this order."""

from __future__ import annotations

import os
import re
from pathlib import Path

from models_app.errors import SourceNotFound
from models_app.naming import ModelName
from models_app.sources.base import Source
from models_app.sources.file import FileSource
from models_app.sources.known import known_source
from models_app.sources.packaged import packaged_source
from models_app.sources.url import URLSource


def source_find(text: str, *, local_files: bool) -> Source:
    """Raises InvalidModelName, InvalidSource, ForbiddenHost, PackageNotInstalled, SourceNotFound."""
    if local_files and _names_file(text):
        return FileSource(Path(text).expanduser())
    if "://" in text:
        return URLSource(text)
    name = ModelName.parse(text)
    if name.selector == "cloud":
        raise SourceNotFound(text)
    source = packaged_source(name) or known_source(name)
    if source is None:
        raise SourceNotFound(name.short)
    return source


def source_shown(text: str) -> str:
    """What may be stored of what was to be pulled: of a file its name, of a URL neither credentials nor query."""
    if "://" not in text:
        return Path(text).name if _names_file(text) else text
    scheme, _, rest = text.partition("://")
    authority, slash, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def _names_file(text: str) -> bool:
    """Whether the text means a file: it is written as a path, or there is a GGUF file of that name here."""
    if "\0" in text or "://" in text:
        return False
    written_as_path = text.startswith(("/", "./", "../", "~/"))
    return written_as_path or (text.lower().endswith(".gguf") and os.path.lexists(text))
