"""A growing array of int32: tokens are appended one by one, and compared and copied by the thousand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from inference.engine.media.placeholders import cut_before

Ints = npt.NDArray[np.int32]


class IntBuffer:
    __slots__ = ("_array", "_length")

    def __init__(self, values: Sequence[int] | Ints = ()) -> None:
        self._array: Ints = np.array(values, np.int32)
        self._length = len(values)

    def __len__(self) -> int:
        return self._length

    def view(self, start: int = 0, end: int | None = None) -> Ints:
        """No copy: it changes with the buffer, and is not to be kept."""
        return self._array[start : self._length if end is None else min(end, self._length)]

    def last(self) -> int:
        return int(self._array[self._length - 1])

    def append(self, value: int) -> None:
        if self._length == len(self._array):
            self._grow(1)
        self._array[self._length] = value
        self._length += 1

    def extend(self, values: Sequence[int] | Ints) -> None:
        if self._length + len(values) > len(self._array):
            self._grow(len(values))
        self._array[self._length : self._length + len(values)] = values
        self._length += len(values)

    def truncate(self, length: int) -> None:
        self._length = min(self._length, length)

    def delete(self, start: int, end: int) -> None:
        tail = self.view(end).copy()
        self.truncate(start)
        self.extend(tail)

    def _grow(self, n_more: int) -> None:
        array = np.empty(max(256, 2 * len(self._array), self._length + n_more), np.int32)
        array[: self._length] = self.view()
        self._array = array


def common_prefix(left: Ints, right: Ints) -> int:
    """How many leading elements are equal."""
    n = min(len(left), len(right))
    if n == 0 or left[0] != right[0]:
        return 0
    differs = left[:n] != right[:n]
    first = int(differs.argmax())
    return first if differs[first] else n


class Holder(Protocol):
    """Tokens that one tenant's (``scope``) sequence has had decoded, from position 0 on."""

    scope: str
    tokens: IntBuffer


H = TypeVar("H", bound=Holder)


def longest_prefix(holders: Iterable[H], tokens: Ints, scope: str) -> tuple[H | None, int]:
    """The first holder of those that share the most leading tokens, and how many.

    Never the last of ``tokens``: its logits are wanted, so it is decoded again. Never a part of an image.
    """
    best, n_best = None, 0
    wanted = tokens[:-1]
    for holder in holders:
        if holder.scope == scope and len(holder.tokens) > n_best:
            n = cut_before(tokens, common_prefix(holder.tokens.view(), wanted))
            if n > n_best:
                best, n_best = holder, n
    return best, n_best
