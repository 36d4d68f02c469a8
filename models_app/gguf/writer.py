"""Writes GGUF files (ggml's gguf.md, version 3): metadata, then tensors, whose data is made while it is written."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from models_app.gguf.types import ARRAY, BOOL, STRING, TENSOR_TYPES

ALIGNMENT: Final = 32
_UINT32, _INT32, _FLOAT32 = 4, 5, 6
_TYPE_NUMBERS: Final = {kind.name: number for number, kind in TENSOR_TYPES.items()}

Value = bool | int | float | str | Sequence[str] | Sequence[int] | Sequence[float]


@dataclass(frozen=True, slots=True)
class NewTensor:
    """``shape`` in numpy's order, slowest dimension first; GGUF's is the reverse. ``type_name`` as F16.

    ``chunks`` gives the data's bytes, ``size_bytes`` of them.
    """

    name: str
    shape: tuple[int, ...]
    type_name: str
    size_bytes: int
    chunks: Callable[[], Iterator[bytes]]


def gguf_write(
    file: BinaryIO, metadata: Mapping[str, Value], tensors: Sequence[NewTensor], *, on_tensor: Callable[[int], None]
) -> None:
    """``on_tensor(n)`` is called when n tensors are written. Whole numbers are uint32, lists of them int32."""
    file.write(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)))
    for key, value in metadata.items():
        file.write(_text(key) + _value(value))
    offset = 0
    for tensor in tensors:
        file.write(_tensor_info(tensor, offset))
        offset += tensor.size_bytes + _padding(tensor.size_bytes)
    file.write(bytes(_padding(file.tell())))
    for number, tensor in enumerate(tensors, 1):
        for chunk in tensor.chunks():
            file.write(chunk)
        file.write(bytes(_padding(tensor.size_bytes)))
        on_tensor(number)


def _tensor_info(tensor: NewTensor, offset: int) -> bytes:
    dimensions = tensor.shape[::-1]
    numbers = struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
    return _text(tensor.name) + numbers + struct.pack("<IQ", _TYPE_NUMBERS[tensor.type_name], offset)


def _value(value: Value) -> bytes:
    if isinstance(value, str | bool | int | float):
        kind, data = _scalar(value)
        return struct.pack("<I", kind) + data
    kind, code = _array_type(value)
    head = struct.pack("<IIQ", ARRAY, kind, len(value))
    return head + (struct.pack(f"<{len(value)}{code}", *value) if code else b"".join(map(_text, map(str, value))))


def _scalar(value: str | float) -> tuple[int, bytes]:
    if isinstance(value, str):
        return STRING, _text(value)
    if isinstance(value, bool):
        return BOOL, struct.pack("<?", value)
    if isinstance(value, int):
        return _UINT32, struct.pack("<I", value)
    return _FLOAT32, struct.pack("<f", value)


def _array_type(values: Sequence[object]) -> tuple[int, str]:
    first = values[0] if values else ""
    if isinstance(first, str):
        return STRING, ""
    return (_INT32, "i") if isinstance(first, int) else (_FLOAT32, "f")


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _padding(n_bytes: int) -> int:
    return -n_bytes % ALIGNMENT
