"""safetensors files: eight bytes of length, a header of JSON, the data (huggingface/safetensors, README).

Nobody has vouched for them: every number is checked against the file before anything is read by it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from models_app.errors import InvalidCreate, UnsupportedModel

MAX_HEADER_BYTES: Final = 64 << 20
MAX_TENSORS: Final = 65_536
MAX_DIMENSIONS: Final = 4
# bfloat16 is no type of numpy's: its bits as they are.
DTYPES: Final[dict[str, np.dtype[Any]]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "BF16": np.dtype("<u2")}


class _Entry(Struct, frozen=True):
    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


class SourceTensor:
    """One tensor. ``rows`` are in float32 whatever the file holds; a tensor of one dimension has rows of one number."""

    def __init__(self, name: str, entry: _Entry, data: npt.NDArray[np.uint8]) -> None:
        self.name = name
        self.dtype = entry.dtype
        self.shape = entry.shape
        begin, end = entry.data_offsets
        self._data = data[begin:end]

    def rows(self, which: npt.NDArray[np.intp] | slice) -> npt.NDArray[np.float32]:
        """Raises UnsupportedModel for a type of number that we can't read: not every tensor of a file is needed."""
        if self.dtype not in DTYPES:
            known = ", ".join(DTYPES)
            raise UnsupportedModel(f"tensors of type {self.dtype[:20]} can't be converted; supported are {known}")
        stored = self._data.view(DTYPES[self.dtype]).reshape(self.shape)[which]
        if self.dtype == "BF16":
            bits: npt.NDArray[np.uint32] = stored.astype(np.uint32) << np.uint32(16)
            return bits.view(np.float32)
        floats: npt.NDArray[np.float32] = stored.astype(np.float32)
        return floats

    def fits_f16(self) -> bool:
        """Whether no number is beyond what 16 bits can say."""
        if self.dtype == "F16":
            return True
        n_rows = max(1, (16 << 20) // max(1, math.prod(self.shape[1:])))
        parts = (self.rows(slice(start, start + n_rows)) for start in range(0, self.shape[0], n_rows))
        return all(float(np.max(np.abs(part), initial=0.0)) <= 65504.0 for part in parts)


def tensors_read(paths: dict[str, Path]) -> dict[str, SourceTensor]:
    """All tensors of all files by their names. The files stay mapped. Raises InvalidCreate, UnsupportedModel."""
    found: dict[str, SourceTensor] = {}
    for name, path in sorted(paths.items()):
        for tensor in _read(name, path):
            if tensor.name in found:
                raise InvalidCreate(f"{name}: the tensor {tensor.name[:200]} is there twice")
            found[tensor.name] = tensor
    if len(found) > MAX_TENSORS:
        raise InvalidCreate(f"{len(found)} tensors, at most {MAX_TENSORS} are supported")
    return found


def _read(name: str, path: Path) -> list[SourceTensor]:
    if path.stat().st_size < 8:
        raise InvalidCreate(f"{name}: not a safetensors file")
    data = np.memmap(path, np.uint8, "r")
    length = int(data[:8].view("<u8")[0])
    if not 2 <= length <= min(MAX_HEADER_BYTES, len(data) - 8):
        raise InvalidCreate(f"{name}: not a safetensors file")
    header = _header(name, data[8 : 8 + length].tobytes())
    body = data[8 + length :]
    for tensor, entry in header.items():
        _check(name, tensor, entry, len(body))
    return [SourceTensor(tensor, entry, body) for tensor, entry in header.items()]


def _header(name: str, raw: bytes) -> dict[str, _Entry]:
    try:
        header = msgspec.json.decode(raw, type=dict[str, Any])
        header.pop("__metadata__", None)
        return msgspec.convert(header, dict[str, _Entry])
    except (msgspec.DecodeError, RecursionError):
        raise InvalidCreate(f"{name}: its header is not what safetensors have") from None


def _check(name: str, tensor: str, entry: _Entry, n_bytes: int) -> None:
    begin, end = entry.data_offsets
    in_bounds = 0 <= begin <= end <= n_bytes and len(entry.shape) <= MAX_DIMENSIONS and min(entry.shape, default=1) > 0
    known = DTYPES.get(entry.dtype)
    if not in_bounds or (known is not None and math.prod(entry.shape) * known.itemsize != end - begin):
        raise InvalidCreate(f"{name}: the tensor {tensor[:200]} is not within its file")
    if len(tensor) > 255:
        raise InvalidCreate(f"{name}: a tensor's name is too long")
