"""A batch as llama.cpp reads it, and one decode of it with its errors."""

from __future__ import annotations

import ctypes
from typing import Any

import llama_cpp.llama_cpp as lib
import numpy as np

from inference.engine.backend import Aborted, CacheFull
from inference.engine.batch import Batch
from inference.engine.llama.abort import AbortFlag
from inference.engine.media.chunks import MediaBatch
from inference.errors import DecodeFailed

# llama_decode's return values (llama.h)
DECODED, NO_CELLS, ABORTED = 0, 1, 2


def decode_native(context: Any, native: Any, flag: AbortFlag) -> None:
    """Raises Aborted, CacheFull, DecodeFailed."""
    try:
        result = lib.llama_decode(context, native)
    finally:
        flag.clear()
    if result == ABORTED:
        raise Aborted
    if result == NO_CELLS:
        raise CacheFull
    if result != DECODED:
        raise DecodeFailed(f"llama.cpp could not decode a batch (status {result})")


def bind(batch: Batch) -> Any:
    """A ``llama_batch`` over the batch's own arrays: each token belongs to one sequence, so the lists of sequences
    that llama.cpp wants are pointers to consecutive elements of ``seq_ids``."""
    one = np.ones(batch.capacity, np.int32)
    pointers = batch.seq_ids.ctypes.data + np.arange(batch.capacity, dtype=np.uintp) * batch.seq_ids.itemsize
    int32 = ctypes.POINTER(ctypes.c_int32)
    native = lib.llama_batch(
        n_tokens=0,
        token=batch.tokens.ctypes.data_as(int32),
        embd=None,
        pos=batch.positions.ctypes.data_as(int32),
        n_seq_id=one.ctypes.data_as(int32),
        seq_id=pointers.ctypes.data_as(ctypes.POINTER(int32)),
        logits=batch.outputs.ctypes.data_as(ctypes.POINTER(ctypes.c_int8)),
    )
    native.keep_alive = (one, pointers)
    return native


def bind_media(batch: MediaBatch) -> Any:
    """``bind`` over rows of embeddings. Positions of M-RoPE have their dimensions one behind the other."""
    n = batch.n_tokens
    embeddings = np.ascontiguousarray(batch.embeddings, np.float32)
    positions = np.ascontiguousarray(batch.positions, np.int32)
    one, seq_ids, outputs = np.ones(n, np.int32), np.full(n, batch.seq_id, np.int32), np.zeros(n, np.int8)
    outputs[-1] = batch.output
    pointers = np.full(n, seq_ids.ctypes.data, np.uintp)
    int32 = ctypes.POINTER(ctypes.c_int32)
    native = lib.llama_batch(
        n_tokens=n,
        token=None,
        embd=embeddings.ctypes.data_as(ctypes.POINTER(ctypes.c_float)),
        pos=positions.ctypes.data_as(int32),
        n_seq_id=one.ctypes.data_as(int32),
        seq_id=pointers.ctypes.data_as(ctypes.POINTER(int32)),
        logits=outputs.ctypes.data_as(ctypes.POINTER(ctypes.c_int8)),
    )
    native.keep_alive = (embeddings, positions, one, seq_ids, outputs, pointers)
    return native
