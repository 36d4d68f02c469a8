"""Contexts side by side over the same weights: each decodes its share of a batch, on its share of the cores.

Threads that share one small decode wait for each other at every layer; those with a decode of their own do not. For
models whose inputs go through whole, in main memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np

from inference.engine.batch import Batch
from inference.engine.embedding.embedder import Embedder, EmbedInfo, Vector

# More would each keep buffers of their own, for little: a decode of 256 tokens feeds a few threads well.
MAX_LANES = 4


class EmbedLanes:
    """An ``Embedder`` of embedders. Its thread takes the first lane, threads of its own the others."""

    def __init__(self, lanes: Sequence[Embedder]) -> None:
        self._lanes = lanes
        self._batches = [Batch(lane.info.n_batch) for lane in lanes]
        self._lane_of: dict[int, Embedder] = {}
        self._threads = ThreadPoolExecutor(len(lanes) - 1, thread_name_prefix="embed-lane")
        one = lanes[0].info
        self._info = msgspec.structs.replace(one, n_batch=one.n_batch * len(lanes), n_lanes=len(lanes))

    @property
    def info(self) -> EmbedInfo:
        return self._info

    def decode(self, batch: Batch) -> None:
        self._deal(batch)
        others = [
            self._threads.submit(lane.decode, share)
            for lane, share in zip(self._lanes[1:], self._batches[1:], strict=True)
            if share.n_tokens
        ]
        try:
            self._lanes[0].decode(self._batches[0])
        finally:
            # Nobody may touch a context whose decode has not ended, however the first one did.
            errors = [other.exception() for other in others]
        for error in filter(None, errors):
            raise error

    def _deal(self, batch: Batch) -> None:
        n = batch.n_tokens
        starts = np.flatnonzero(np.diff(batch.seq_ids[:n], prepend=-1))
        ends = np.append(starts[1:], n)
        for share in self._batches:
            share.clear()
        for i, lane in enumerate(dealt((ends - starts).tolist(), len(self._lanes))):
            start, end = int(starts[i]), int(ends[i])
            seq_id = int(batch.seq_ids[start])
            self._lane_of[seq_id] = self._lanes[lane]
            self._batches[lane].add(seq_id, batch.tokens[start:end], int(batch.positions[start]), output=True)

    def vector(self, seq_id: int) -> Vector:
        return self._lane_of[seq_id].vector(seq_id)

    def forget(self, seq_id: int) -> None:
        lane = self._lane_of.pop(seq_id, None)
        if lane is not None:
            lane.forget(seq_id)

    def abort(self) -> None:
        for lane in self._lanes:
            lane.abort()

    def close(self) -> None:
        self._threads.shutdown(wait=True)
        for lane in self._lanes:
            lane.close()


def dealt(lengths: Sequence[int], n_lanes: int) -> list[int]:
    """The lane of each input: the longest first, each to the lane that has the least. The first lane is never empty."""
    loads = [0] * n_lanes
    lanes = [0] * len(lengths)
    for i in sorted(range(len(lengths)), key=lambda each: -lengths[each]):
        lane = loads.index(min(loads))
        lanes[i] = lane
        loads[lane] += lengths[i]
    return lanes
