"""A model in several GGUF files (``name-00001-of-00003.gguf``) is made one file: a manifest has one model layer."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from inference.quantize import COPY
from models_app.creation.files import File, is_gguf
from models_app.creation.quantization import weights_rewrite
from models_app.errors import InvalidCreate, InvalidGGUF
from models_app.gguf.blob import gguf_blob_open
from models_app.progress import OnProgress
from models_app.services.pull import Cancelled
from models_app.store.workfiles import work_links

# llama.cpp finds the other parts by this pattern, from the first one's name.
_NAME = re.compile(r"(?P<prefix>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")


@dataclass(frozen=True, slots=True)
class _Part:
    file: File
    prefix: str
    number: int
    count: int


def splits_merge(files: Sequence[File], *, on_progress: OnProgress, cancelled: Cancelled) -> list[File]:
    """The files, those that are parts of one replaced by it.

    Raises InvalidCreate where a part is missing or says another number than its name, CreateFailed, NotEnoughSpace.
    """
    parts = {file.path: part for file in files if (part := _part(file)) is not None}
    whole = [file for file in files if file.path not in parts]
    for prefix, count in sorted({(part.prefix, part.count) for part in parts.values()}):
        group = [part for part in parts.values() if (part.prefix, part.count) == (prefix, count)]
        whole.append(_merged(prefix, group, count, on_progress, cancelled))
    return sorted(whole, key=lambda file: file.path)


def _part(file: File) -> _Part | None:
    if not is_gguf(file):
        return None
    try:
        with gguf_blob_open(file.stored.digest) as opened:
            number, count = opened.get("split.no"), opened.get("split.count")
    except InvalidGGUF as error:
        raise InvalidCreate(f"{file.path[:200]}: {error}") from None
    if not isinstance(count, int) or count <= 1:
        return None
    name = _NAME.fullmatch(os.path.basename(file.path))
    if name is None:
        raise InvalidCreate(f"split GGUF {file.path[:200]!r} must use llama.cpp split filename pattern")
    if (int(name["number"]) - 1, int(name["count"])) != (number, count):
        raise InvalidCreate(f"split GGUF {file.path[:200]!r} is part {number} of {count} by its metadata")
    return _Part(file, name["prefix"], int(name["number"]), count)


def _merged(prefix: str, group: list[_Part], count: int, on_progress: OnProgress, cancelled: Cancelled) -> File:
    if len({part.number for part in group}) != count:
        raise InvalidCreate(f"split GGUF {prefix[:200]!r} has {len(group)} shards, expected {count}")
    digests = [part.file.stored.digest for part in sorted(group, key=lambda part: part.number)]
    with work_links(digests, lambda index: f"-{index + 1:05}-of-{count:05}.gguf") as paths:
        stored, _ = weights_rewrite(
            paths[0],
            COPY,
            status=f"merging {count} GGUF files",
            size_bytes=sum(part.file.stored.size_bytes for part in group),
            on_progress=on_progress,
            cancelled=cancelled,
        )
    return File(f"{prefix}.gguf", stored)
