"""Tensors on their way out: their type, the order of their rows, their data piece by piece."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from models_app.errors import InvalidCreate
from models_app.gguf.writer import NewTensor
from models_app.safetensors.reader import SourceTensor

Order = npt.NDArray[np.intp]

_NUMBERS_AT_ONCE: Final = 8 << 20
_SIZES: Final = {"F32": 4, "F16": 2}


def tensor_as(name: str, source: SourceTensor, *, whole: bool = False, order: Order | None = None) -> NewTensor:
    """Matrices in F16 as Ollama makes them, all else (and what F16 can't hold) in F32.

    ``whole`` keeps a matrix in F32; ``order`` says which row of the source each row is.
    """
    if not source.shape:
        raise InvalidCreate(f"the tensor {source.name[:200]} has no dimension")
    half = not whole and len(source.shape) > 1 and source.fits_f16()
    type_name = "F16" if half else "F32"
    size_bytes = math.prod(source.shape) * _SIZES[type_name]

    def chunks() -> Iterator[bytes]:
        n_rows = max(1, _NUMBERS_AT_ONCE // max(1, math.prod(source.shape[1:])))
        for start in range(0, source.shape[0], n_rows):
            which = slice(start, start + n_rows) if order is None else order[start : start + n_rows]
            rows = source.rows(which)
            yield (rows.astype(np.float16) if half else rows).tobytes()

    return NewTensor(name, source.shape, type_name, size_bytes, chunks)


def numbers(name: str, values: list[float]) -> NewTensor:
    """A small tensor that no file holds."""
    data = np.asarray(values, np.float32).tobytes()
    return NewTensor(name, (len(values),), "F32", len(data), lambda: iter([data]))


def rotary_order(n_rows: int, n_heads: int) -> Order:
    """llama.cpp's llama turns neighbouring rows of a head together, Hugging Face's its two halves."""
    rows = np.arange(n_rows).reshape(n_heads, 2, n_rows // n_heads // 2)
    return rows.swapaxes(1, 2).reshape(-1)
