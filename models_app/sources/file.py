"""A GGUF file on this machine."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from models_app.errors import InvalidSource
from models_app.manifests import MODEL_TYPE
from models_app.sources.base import Body, LayerPlan, Plan

_CHUNK_BYTES = 1 << 20
_QUANTIZATION = re.compile(r"[-._](I?Q[0-9]\w*|F16|BF16|F32|MXFP4\w*)$", re.IGNORECASE)


class FileSource:
    """Reads a file of the user's own choosing: symlinks are followed, special files are not opened.

    The file may change while it is read; what is stored is what was read, under its own digest.
    """

    def __init__(self, path: Path, *, origin: str = "file", name: str = "") -> None:
        self._path = path
        self._origin = origin
        self._name = name or name_from_file(path.name)

    @property
    def origin(self) -> str:
        return self._origin

    def resolve(self) -> Plan:
        with self._opened() as descriptor:
            status = os.fstat(descriptor)
            if os.pread(descriptor, 4, 0) != b"GGUF":
                raise InvalidSource("unsupported format: the file doesn't begin with GGUF")
        layer = LayerPlan(
            identity=f"file:{status.st_dev}:{status.st_ino}:{_validator(status)}",
            media_type=MODEL_TYPE,
            size_bytes=status.st_size,
        )
        return Plan(layers=(layer,), name=self._name)

    @contextlib.contextmanager
    def fetch(self, layer: LayerPlan, *, offset: int, validator: str) -> Iterator[Body]:
        with self._opened() as descriptor:
            status = os.fstat(descriptor)
            current = _validator(status)
            start = offset if validator == current else 0
            yield Body(offset=start, total=status.st_size, validator=current, chunks=_chunks(descriptor, start))

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            # O_NONBLOCK: opening a FIFO would wait for its writer.
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise InvalidSource(f"the file can't be read: {os.strerror(error.errno or 0)}") from error
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise InvalidSource("unsupported format: not a regular file")
            yield descriptor
        finally:
            os.close(descriptor)


def name_from_file(filename: str) -> str:
    """``SmolLM2-135M-Instruct.Q4_1.gguf`` as ``SmolLM2-135M-Instruct:Q4_1``; what the grammar forbids becomes ``-``."""
    stem = filename.removesuffix(".gguf").removesuffix(".GGUF")
    tag = found.group(1) if (found := _QUANTIZATION.search(stem)) else ""
    model = re.sub(r"[^A-Za-z0-9_.-]+", "-", stem[: found.start()] if found else stem)
    model = model.strip("-.")[:80] or "model"
    return f"{model}:{tag}" if tag else model


def _validator(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns}"


def _chunks(descriptor: int, offset: int) -> Iterator[bytes]:
    while data := os.pread(descriptor, _CHUNK_BYTES, offset):
        offset += len(data)
        yield data
