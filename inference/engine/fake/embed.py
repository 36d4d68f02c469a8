"""The fake backend's embedder: a vector that says which tokens an input has, and how often each.

Number ``i`` of a vector is the mean over the input's tokens of 1 where the token is ``i`` modulo ``N_DIMS``, else 0: a
token too many, lost or of another input shows.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from inference.engine.backend import Aborted, BackendInfo
from inference.engine.batch import Batch
from inference.engine.embedding.embedder import EmbedInfo, Vector
from inference.errors import DecodeFailed

if TYPE_CHECKING:
    from inference.engine.fake.backend import FakeSettings

N_DIMS = 32


class FakeEmbedder:
    """Raises AssertionError where an input is cut that can't be, or a sequence is used for two."""

    def __init__(self, info: BackendInfo, settings: FakeSettings, *, n_cells: int) -> None:
        can_split = settings.embed_split
        n_batch = info.n_batch if can_split else max(info.n_batch, info.n_ctx)
        self._info = EmbedInfo(n_batch=n_batch, n_seq_max=8, n_cells=n_cells, n_dims=N_DIMS, can_split=can_split)
        self._settings = settings
        self._aborted = threading.Event()
        self._tokens: dict[int, list[int]] = defaultdict(list)
        self.decoded: list[int] = []  # tokens of each decode, for tests
        self.closed = False

    @property
    def info(self) -> EmbedInfo:
        return self._info

    def decode(self, batch: Batch) -> None:
        assert not self.closed, "the context is gone"
        self._wait(batch.n_tokens)
        if self._settings.fail_token in batch.tokens[: batch.n_tokens]:
            raise DecodeFailed("llama.cpp could not decode a batch")
        for row in range(batch.n_tokens):
            tokens = self._tokens[int(batch.seq_ids[row])]
            assert len(tokens) == batch.positions[row], "a position is missing or taken"
            tokens.append(int(batch.tokens[row]))
        assert sum(map(len, self._tokens.values())) <= max(self._info.n_cells, self._info.n_batch), "no cells"
        self.decoded.append(batch.n_tokens)

    def vector(self, seq_id: int) -> Vector:
        return fake_vector(self._tokens[seq_id])

    def forget(self, seq_id: int) -> None:
        self._tokens.pop(seq_id, None)

    def abort(self) -> None:
        self._aborted.set()

    def close(self) -> None:
        self.closed = True

    def _wait(self, n_tokens: int) -> None:
        seconds = self._settings.delay + self._settings.token_delay * n_tokens
        aborted = self._aborted.wait(seconds) if seconds else self._aborted.is_set()
        self._aborted.clear()
        if aborted:
            raise Aborted


def fake_vector(tokens: list[int]) -> Vector:
    counts = np.bincount(np.array(tokens) % N_DIMS, minlength=N_DIMS)
    return (counts / len(tokens)).astype(np.float32)
