"""Reads the metadata of a GGUF file that nobody has vouched for: bounded, lazy, and InvalidGGUF is the only failure.

The bounds are what the biggest real files need, with room to spare (faults.md S23); llama.cpp's own loader runs only in
a worker process. The file must not shrink while it is open: blobs never do, and a pull parses its own copy.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from models_app.errors import InvalidGGUF
from models_app.gguf.cursor import Cursor
from models_app.gguf.types import ARRAY, BOOL, SCALARS, STRING, TENSOR_TYPES

MAX_KEYS = 4_096
MAX_TENSORS = 65_536
MAX_ARRAY = 16 << 20
MAX_STRINGS = 4 << 20  # of all arrays together
MAX_KEY_BYTES = 65_535
MAX_TENSOR_NAME_BYTES = 255
MAX_DIMENSIONS = 4
MAX_ALIGNMENT = 1 << 20
# What may be held in memory of all texts together, and of one array that is read on demand.
MAX_TEXT_BYTES = 16 << 20
MAX_READ_ARRAY = 1 << 20
_HEADER_BYTES = 24
_MAX_INT = (1 << 63) - 1

Value = str | int | float | bool


class GGUFArray(NamedTuple):
    """An array that was skipped: ``n_values`` values of ``value_type`` from byte ``position`` on."""

    value_type: int
    n_values: int
    position: int


class GGUFTensor(NamedTuple):
    """``shape`` in GGUF's order (fastest dimension first); ``offset`` in bytes from the start of the tensor data."""

    name: str
    type_name: str
    shape: tuple[int, ...]
    offset: int
    size_bytes: int

    @property
    def n_elements(self) -> int:
        return product(self.shape)


class GGUFFile:
    """What a file says of itself. Valid while the ``gguf_open`` that gave it is; one thread."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._n_text_bytes = 0
        self._n_strings = 0
        cursor = Cursor(data)
        self.version, n_tensors, n_keys = _header(cursor)
        self.values = self._read_values(cursor, n_keys)
        self.tensors = _tensors(cursor, n_tensors, alignment=self._alignment())

    def get(self, key: str) -> Value | GGUFArray | None:
        return self.values.get(key)

    def metadata(self, *, arrays: bool = False) -> dict[str, Any]:
        """Keys and values, ready for JSON. Arrays are None unless asked for, or when longer than a million values."""
        return {key: self._plain(value, arrays=arrays) for key, value in self.values.items()}

    def read_array(self, array: GGUFArray) -> list[Any]:
        """The array's values. Raises InvalidGGUF beyond MAX_READ_ARRAY of them."""
        if array.n_values > MAX_READ_ARRAY:
            raise InvalidGGUF(f"an array of {array.n_values} values is too long to be read")
        cursor = Cursor(self._data)
        cursor.position = array.position
        if array.value_type == STRING:
            return [cursor.text() for _ in range(array.n_values)]
        code, _ = SCALARS[array.value_type]
        values = np.frombuffer(self._data, dtype=f"<{_NUMPY[code]}", count=array.n_values, offset=array.position).copy()
        return list(values.astype(bool).tolist() if array.value_type == BOOL else values.tolist())

    def _plain(self, value: Value | GGUFArray, *, arrays: bool) -> Any:
        if not isinstance(value, GGUFArray):
            return _finite(value)
        if not arrays or value.n_values > MAX_READ_ARRAY:
            return None
        return [_finite(item) for item in self.read_array(value)]

    def _read_values(self, cursor: Cursor, n_keys: int) -> dict[str, Value | GGUFArray]:
        values: dict[str, Value | GGUFArray] = {}
        for _ in range(n_keys):
            key = cursor.text(MAX_KEY_BYTES)
            if not key or key in values:
                raise InvalidGGUF("an empty or repeated key")
            values[key] = self._read_value(cursor)
            self._count_text(len(key))
        return values

    def _read_value(self, cursor: Cursor) -> Value | GGUFArray:
        value_type = cursor.integer("I")
        if value_type == ARRAY:
            return self._skip_array(cursor)
        if value_type == STRING:
            text = cursor.text()
            self._count_text(len(text))
            return text
        if value_type not in SCALARS:
            raise InvalidGGUF(f"unknown value type {value_type}")
        number = cursor.number(SCALARS[value_type][0])
        return bool(number) if value_type == BOOL else number

    def _skip_array(self, cursor: Cursor) -> GGUFArray:
        value_type, count = cursor.integer("I"), cursor.integer("Q")
        if value_type != STRING and value_type not in SCALARS:
            raise InvalidGGUF("an array of arrays" if value_type == ARRAY else f"unknown value type {value_type}")
        self._n_strings += count if value_type == STRING else 0
        if count > MAX_ARRAY or self._n_strings > MAX_STRINGS:
            raise InvalidGGUF(f"an array of {count} values is too long")
        array = GGUFArray(value_type, count, cursor.position)
        if value_type == STRING:
            cursor.skip_strings(count)
        else:
            cursor.skip(count * SCALARS[value_type][1])
        return array

    def _count_text(self, n_bytes: int) -> None:
        self._n_text_bytes += n_bytes
        if self._n_text_bytes > MAX_TEXT_BYTES:
            raise InvalidGGUF(f"more than {MAX_TEXT_BYTES} bytes of text")

    def _alignment(self) -> int:
        alignment = self.values.get("general.alignment", 32)
        if type(alignment) is not int or not 0 < alignment <= MAX_ALIGNMENT or alignment & (alignment - 1):
            raise InvalidGGUF("the alignment is not a power of two")
        return alignment


@contextlib.contextmanager
def gguf_open(source: Path | int) -> Iterator[GGUFFile]:
    """The file at a path (no symlink is followed), or behind a descriptor, which stays the caller's to close.

    Raises InvalidGGUF for anything that isn't a sound GGUF file, FIFOs and directories included.
    """
    descriptor = _open(source) if isinstance(source, Path) else source
    try:
        with _mapped(descriptor) as data:
            yield GGUFFile(data)
    finally:
        if isinstance(source, Path):
            os.close(descriptor)


def product(shape: tuple[int, ...]) -> int:
    result = 1
    for dimension in shape:
        result *= dimension
    return result


_NUMPY = {"B": "u1", "b": "i1", "H": "u2", "h": "i2", "I": "u4", "i": "i4", "f": "f4", "Q": "u8", "q": "i8", "d": "f8"}


def _open(path: Path) -> int:
    try:
        # O_NONBLOCK: opening a FIFO would wait for its writer.
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise InvalidGGUF(f"it can't be opened: {os.strerror(error.errno or 0)}") from error


@contextlib.contextmanager
def _mapped(descriptor: int) -> Iterator[mmap.mmap]:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise InvalidGGUF("it is not a regular file")
    if status.st_size < _HEADER_BYTES:
        raise InvalidGGUF("the file is truncated")
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as data:
        yield data


def _header(cursor: Cursor) -> tuple[int, int, int]:
    if cursor.integer("I") != int.from_bytes(b"GGUF", "little"):
        raise InvalidGGUF("it doesn't begin with GGUF")
    version, n_tensors, n_keys = cursor.integer("I"), cursor.integer("Q"), cursor.integer("Q")
    if version not in (2, 3):
        raise InvalidGGUF(f"version {version} is not supported, 2 and 3 are")
    if n_tensors > MAX_TENSORS or n_keys > MAX_KEYS:
        raise InvalidGGUF(f"{n_tensors} tensors and {n_keys} keys, at most {MAX_TENSORS} and {MAX_KEYS} are allowed")
    return version, n_tensors, n_keys


def _tensors(cursor: Cursor, n_tensors: int, *, alignment: int) -> tuple[GGUFTensor, ...]:
    tensors = tuple(_tensor(cursor, alignment) for _ in range(n_tensors))
    if len({tensor.name for tensor in tensors}) != n_tensors:
        raise InvalidGGUF("two tensors have one name")
    n_data_bytes = cursor.size - (cursor.position + -cursor.position % alignment)
    for tensor in tensors:
        if tensor.offset + tensor.size_bytes > n_data_bytes:
            raise InvalidGGUF(f"tensor {tensor.name!r} goes beyond the end of the file")
    return tensors


def _tensor(cursor: Cursor, alignment: int) -> GGUFTensor:
    name = cursor.text(MAX_TENSOR_NAME_BYTES)
    n_dimensions = cursor.integer("I")
    if not name or not 1 <= n_dimensions <= MAX_DIMENSIONS:
        raise InvalidGGUF(f"a tensor without a name, or of {n_dimensions} dimensions")
    shape = tuple(cursor.integer("Q") for _ in range(n_dimensions))
    kind, offset = TENSOR_TYPES.get(cursor.integer("I")), cursor.integer("Q")
    if kind is None:
        raise InvalidGGUF(f"tensor {name!r} has an unknown type")
    n_elements = product(shape)
    if not 0 < n_elements <= _MAX_INT or shape[0] % kind.block_size or offset % alignment:
        raise InvalidGGUF(f"tensor {name!r} has an impossible shape or offset")
    return GGUFTensor(name, kind.name, shape, offset, n_elements // kind.block_size * kind.block_bytes)


def _finite(value: Any) -> Any:
    # JSON has no NaN and no infinity, and databases check.
    return None if isinstance(value, float) and not abs(value) < float("inf") else value
