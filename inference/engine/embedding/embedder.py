"""What makes embeddings: a context of llama.cpp's of its own, beside or instead of the one that generates.

An ``Embedder`` belongs to one thread, except ``abort``. Two contexts of one model on two threads are fine; two threads
on one context are not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from inference.config import BackendKind, LoadOptions
from inference.engine.backend import BackendInfo, llama_available
from inference.engine.batch import Batch
from inference.engine.threads import limit_spinning
from inference.errors import BackendNotAvailable, ModelFailed
from inference.spec import ModelSpec

Vector = npt.NDArray[np.float32]


class EmbedInfo(Struct, frozen=True, kw_only=True):
    """A decode takes ``n_batch`` tokens of up to ``n_seq_max`` inputs; ``n_cells`` are for all the tokens of the inputs
    that have begun and not ended.

    ``can_split``: an input may be decoded piece by piece; where every token sees all others it may not. ``normalizes``:
    the model's file asks for vectors of length 1.
    """

    n_batch: int
    n_seq_max: int
    n_cells: int
    n_dims: int
    can_split: bool
    normalizes: bool = True


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


class EmbedSource(Protocol):
    """A loaded model that embedders can be made of; every ``Backend`` is one."""

    @property
    def info(self) -> BackendInfo: ...

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]: ...

    def open_embedder(self, *, n_cells: int) -> Embedder:
        """Room for ``n_cells`` tokens at least, where the model has a cache. Raises ModelLoadError, NotSupported."""

    def close(self) -> None: ...


def open_embed_source(
    spec: ModelSpec, options: LoadOptions, *, kind: BackendKind, on_progress: Callable[[float], None]
) -> EmbedSource:
    """Loads a model that embeds and does nothing else. Raises as ``open_backend``."""
    if kind == "fake":
        from inference.engine.fake.backend import FakeBackend

        return FakeBackend(spec, options, on_progress=on_progress)
    if not llama_available():
        raise BackendNotAvailable
    limit_spinning()
    try:
        from inference.engine.llama.embed import LlamaEmbedModel
    except ImportError as error:
        raise BackendNotAvailable from error

    return LlamaEmbedModel(spec, options, on_progress=on_progress)


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
