"""Images and sound on their way into a sequence: what one is made of, who encodes it, and what is remembered of it."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from inference.engine.int_buffer import Ints
from inference.engine.media.placeholders import placeholders

Floats = npt.NDArray[np.float32]

# Embeddings of so many bytes are kept for the next turn of a chat, which brings its images again.
CACHE_BYTES = 128 << 20


class MediaChunk:
    """One run of embeddings. ``ids`` stand for it among the tokens; ``positions`` (dimensions, tokens) count from its
    first. A chunk that is not ``causal`` is decoded as a whole, each of its tokens seeing all the others.

    ``embeddings`` (tokens, width) are there when the sequence reaches the decode thread, ``handle`` is the backend's
    own until then.
    """

    __slots__ = ("causal", "embeddings", "handle", "ids", "positions")

    def __init__(self, ids: Ints, positions: Ints, *, causal: bool = True, handle: Any = None) -> None:
        self.ids = ids
        self.positions = positions
        self.causal = causal
        self.handle = handle
        self.embeddings: Floats | None = None

    @property
    def n_tokens(self) -> int:
        return len(self.ids)


def new_chunk(key: bytes, positions: Ints, n_positions: int, *, causal: bool = True, handle: Any = None) -> MediaChunk:
    return MediaChunk(placeholders(key, positions.shape[1], n_positions), positions, causal=causal, handle=handle)


@dataclass(frozen=True, slots=True)
class Media:
    """One image or sound in the model's own order: runs of tokens (its marks, rows of tiles) and chunks."""

    parts: tuple[list[int] | MediaChunk, ...]

    @property
    def chunks(self) -> Iterator[MediaChunk]:
        return (part for part in self.parts if isinstance(part, MediaChunk))

    @property
    def tokens(self) -> list[int]:
        tokens: list[int] = []
        for part in self.parts:
            tokens += part.ids.tolist() if isinstance(part, MediaChunk) else part
        return tokens

    @property
    def n_bytes(self) -> int:
        return sum(0 if chunk.embeddings is None else chunk.embeddings.nbytes for chunk in self.chunks)


@dataclass(frozen=True, slots=True)
class MediaBatch:
    """A run of one chunk as one decode takes it: rows of ``embeddings`` at ``positions`` (dimensions, rows) of one
    sequence. ``output`` asks for the logits of the last row."""

    seq_id: int
    ids: Ints
    embeddings: Floats
    positions: Ints
    causal: bool
    output: bool

    @property
    def n_tokens(self) -> int:
        return len(self.ids)


class Projector(Protocol):
    """The part of a backend that makes embeddings. Everything on the media thread, before the sequence is handed over.

    ``position_dims`` is 4 where the model has M-RoPE, else 1.
    """

    position_dims: int

    def read(self, data: bytes, key: bytes) -> Media:
        """Decodes and measures one image or sound, ``key`` being its identity. Raises InvalidRequest, NotSupported."""

    def encode(self, chunk: MediaChunk) -> None:
        """Fills its embeddings; takes as long as that takes. Raises DecodeFailed."""


class MediaCache:
    """Encoded media by their scope and bytes; the longest unused go first. Any thread."""

    def __init__(self, capacity_bytes: int = CACHE_BYTES) -> None:
        self._capacity = capacity_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[str, bytes], Media] = OrderedDict()
        self.n_bytes = 0

    def get(self, scope: str, key: bytes) -> Media | None:
        with self._lock:
            media = self._entries.get((scope, key))
            if media is not None:
                self._entries.move_to_end((scope, key))
            return media

    def add(self, scope: str, key: bytes, media: Media) -> None:
        with self._lock:
            if (scope, key) in self._entries:
                return
            self._entries[scope, key] = media
            self.n_bytes += media.n_bytes
            while self.n_bytes > self._capacity:
                _, oldest = self._entries.popitem(last=False)
                self.n_bytes -= oldest.n_bytes


def media_key(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def chunks_in(tokens: Ints, media: Iterable[Media]) -> dict[int, MediaChunk]:
    """The chunks that tokens hold, by the first number of each: truncation may have taken some out."""
    found = set(tokens[tokens < 0].tolist())
    chunks = {int(chunk.ids[0]): chunk for each in media for chunk in each.chunks}
    return {first: chunk for first, chunk in chunks.items() if first in found}
