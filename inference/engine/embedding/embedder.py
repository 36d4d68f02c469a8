"""What makes embeddings: a context of llama.cpp's of its own, beside or instead of the one that generates.

An ``Embedder`` belongs to one thread, except ``abort``. Two contexts of one model on two threads are fine; two threads
on one context are not.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from inference.engine.batch import Batch
from inference.errors import ModelFailed

Vector = npt.NDArray[np.float32]


class EmbedInfo(Struct, frozen=True, kw_only=True):
    """A decode takes ``n_batch`` tokens of up to ``n_seq_max`` inputs; ``n_cells`` are for all the tokens of the inputs
    that have begun and not ended.

    ``can_split``: an input may be decoded piece by piece; where every token sees all others it may not. ``normalizes``:
    the model's file asks for vectors of length 1. ``n_lanes`` shares of a batch are decoded side by side. ``ranks``: a
    vector is what the model's classifier makes of the input, and no embedding.
    """

    n_batch: int
    n_seq_max: int
    n_cells: int
    n_dims: int
    can_split: bool
    normalizes: bool = True
    n_lanes: int = 1
    ranks: bool = False


class Embedder(Protocol):
    @property
    def info(self) -> EmbedInfo: ...

    def decode(self, batch: Batch) -> None:
        """One forward pass. Raises Aborted, CacheFull or inference.errors.DecodeFailed."""

    def vector(self, seq_id: int) -> Vector:
        """The pooled embedding of an input that has been decoded to its end, as the model made it."""

    def forget(self, seq_id: int) -> None:
        """Takes all that is left of an input out of memory."""

    def abort(self) -> None:
        """Ends the decode that is running. Any thread."""

    def close(self) -> None: ...


def finished_vector(vector: Vector, *, dimensions: int, normalize: bool) -> Vector:
    """Cut to its first ``dimensions`` numbers (0: all), then made 1 long, as Ollama's ``normalize`` does it.

    Raises ModelFailed where a number is none.
    """
    if not np.isfinite(vector).all():
        raise ModelFailed("embedding contains NaN or Inf values")
    cut = vector[:dimensions] if dimensions > 0 else vector
    if not normalize:
        return cut
    return cut * np.float32(1 / max(float(np.linalg.norm(cut)), 1e-12))
