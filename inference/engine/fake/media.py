"""The fake backend's projector: real pictures and headers are checked, and each becomes so many placeholders."""

from __future__ import annotations

import math
import time

import numpy as np

from inference.engine.int_buffer import Ints
from inference.engine.media.chunks import Media, MediaChunk, new_chunk
from inference.engine.media.image import read_image
from inference.engine.media.sound import check_sound, sound_format


class FakeProjector:
    """``n_tokens`` for each image, behind one ordinary token, its mark. A row of an embedding is its placeholder."""

    def __init__(self, *, mark: int, n_tokens: int, has_mrope: bool, causal: bool, delay: float) -> None:
        self.position_dims = 4 if has_mrope else 1
        self._mark = mark
        self._n_tokens = n_tokens
        self._causal = causal
        self._delay = delay
        self.n_read = self.n_encoded = 0

    def read(self, data: bytes, key: bytes) -> Media:
        self.n_read += 1
        if sound_format(data):
            check_sound(data)
        else:
            read_image(data)
        n_positions = math.isqrt(self._n_tokens - 1) + 1 if self.position_dims > 1 else self._n_tokens
        return Media(([self._mark], new_chunk(key, self._positions(n_positions), n_positions, causal=self._causal)))

    def encode(self, chunk: MediaChunk) -> None:
        time.sleep(self._delay)
        self.n_encoded += 1
        chunk.embeddings = chunk.ids.view(np.float32)[:, np.newaxis]

    def _positions(self, side: int) -> Ints:
        line = np.arange(self._n_tokens, dtype=np.int32)
        if self.position_dims == 1:
            return line[np.newaxis]
        return np.stack([np.zeros_like(line), line // side, line % side, np.zeros_like(line)])
