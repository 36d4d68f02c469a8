"""Which streams of the KV cache the sequences of a step should be in.

llama.cpp decodes the streams of a batch together where they are neighbours, and in several passes over the weights
where they are not (``llama_batch_allocr::split_equal``): a gap costs as much as a step of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence


def are_neighbours(busy: Collection[int]) -> bool:
    return len(busy) < 2 or max(busy) - min(busy) == len(busy) - 1


def exchanges(busy: Collection[int], n_held: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of streams whose contents have to change places until the ``busy`` ones are neighbours.

    ``n_held[i]`` tokens are in stream i. Of all ways the one that moves the fewest tokens, the lowest streams first.
    """
    if are_neighbours(busy):
        return []
    windows = [range(start, start + len(busy)) for start in range(len(n_held) - len(busy) + 1)]
    return min((_into(window, busy) for window in windows), key=lambda pairs: _n_moved(pairs, n_held))


def _into(window: range, busy: Collection[int]) -> list[tuple[int, int]]:
    outside = sorted(stream for stream in busy if stream not in window)
    return list(zip(outside, (stream for stream in window if stream not in busy), strict=True))


def _n_moved(pairs: list[tuple[int, int]], n_held: Sequence[int]) -> int:
    return sum(n_held[left] + n_held[right] for left, right in pairs)


def adjoining(busy: Collection[int]) -> range:
    """The streams that would leave no gap with the busy ones; empty where there are none."""
    return range(min(busy) - 1, max(busy) + 2) if busy else range(0)
