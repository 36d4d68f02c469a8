"""Our count of the KV cells in use, exact under sharing, so that running out is seen before llama.cpp does.

One ledger for each layout of the cache (see ``cells.Layout``). Owners are the numbers of slots.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np

from inference.engine.cells import Layout
from inference.engine.int_buffer import IntBuffer, Ints


class CellLedger(Protocol):
    """``has_streams``: what another slot holds can be copied, but not shared."""

    n_cells: int
    n_free: int
    has_streams: bool

    @property
    def n_used(self) -> int: ...

    def take_one(self, owner: int) -> None:
        """Raises IndexError where there is no cell left for it: the scheduler has asked before."""

    def take(self, owner: int, n: int) -> None:
        """The same for ``n`` of them."""

    def adopt(self, source: int, target: int, n: int) -> None:
        """An owner without cells now holds the first ``n`` of another's."""

    def keep(self, owner: int, n: int) -> None:
        """Only its first ``n`` cells."""

    def delete(self, owner: int, start: int, end: int) -> None: ...

    def any_shared(self, owner: int, start: int) -> bool:
        """Whether others are on its cells from ``start`` on."""

    def n_held(self, owners: Iterable[int]) -> int:
        """Cells that these owners are on, each counted once."""

    def fits(self, n: int, live: Iterable[int]) -> bool:
        """Whether ``n`` cells more could be had if every owner but the ``live`` ones gave up its own."""


class UnifiedLedger:
    """Cells have numbers of our own (llama.cpp's are its secret) and a count of the owners that are on them."""

    has_streams = False

    def __init__(self, n_cells: int, n_owners: int) -> None:
        self.n_cells = n_cells
        self._users: Ints = np.zeros(n_cells, np.int32)
        self._free: Ints = np.arange(n_cells, dtype=np.int32)[::-1].copy()
        self._cells = [IntBuffer() for _ in range(n_owners)]
        self.n_free = n_cells

    @property
    def n_used(self) -> int:
        return self.n_cells - self.n_free

    def take_one(self, owner: int) -> None:
        if not self.n_free:
            raise IndexError("no free cell")
        self.n_free -= 1
        cell = int(self._free[self.n_free])
        self._users[cell] = 1
        self._cells[owner].append(cell)

    def take(self, owner: int, n: int) -> None:
        if n > self.n_free:
            raise IndexError("not enough free cells")
        cells = self._free[self.n_free - n : self.n_free]
        self.n_free -= n
        self._users[cells] = 1
        self._cells[owner].extend(cells)

    def adopt(self, source: int, target: int, n: int) -> None:
        cells = self._cells[source].view(0, n)
        self._users[cells] += 1
        self._cells[target].extend(cells)

    def keep(self, owner: int, n: int) -> None:
        self._drop(self._cells[owner].view(n))
        self._cells[owner].truncate(n)

    def delete(self, owner: int, start: int, end: int) -> None:
        self._drop(self._cells[owner].view(start, end))
        self._cells[owner].delete(start, end)

    def _drop(self, cells: Ints) -> None:
        self._users[cells] -= 1
        freed = cells[self._users[cells] == 0]
        self._free[self.n_free : self.n_free + len(freed)] = freed
        self.n_free += len(freed)

    def any_shared(self, owner: int, start: int) -> bool:
        return bool((self._users[self._cells[owner].view(start)] > 1).any())

    def n_held(self, owners: Iterable[int]) -> int:
        held = np.zeros(self.n_cells, np.bool_)
        for owner in owners:
            held[self._cells[owner].view()] = True
        return int(held.sum())

    def fits(self, n: int, live: Iterable[int]) -> bool:
        return n <= self.n_cells - self.n_held(live)


class StreamLedger:
    """A stream of ``n_cells / n_owners`` cells for each owner, enough for a whole context: nobody takes another's."""

    has_streams = True

    def __init__(self, n_cells: int, n_owners: int) -> None:
        self.n_cells = n_cells
        self.n_free = n_cells
        self._length = n_cells // n_owners
        self._n = [0] * n_owners

    @property
    def n_used(self) -> int:
        return self.n_cells - self.n_free

    def take_one(self, owner: int) -> None:
        self.take(owner, 1)

    def take(self, owner: int, n: int) -> None:
        if self._n[owner] + n > self._length:
            raise IndexError("the stream is full")
        self._n[owner] += n
        self.n_free -= n

    def adopt(self, source: int, target: int, n: int) -> None:
        self.take(target, n)

    def keep(self, owner: int, n: int) -> None:
        self.n_free += self._n[owner] - n
        self._n[owner] = n

    def delete(self, owner: int, start: int, end: int) -> None:
        self.keep(owner, self._n[owner] - (end - start))

    def any_shared(self, owner: int, start: int) -> bool:
        return False

    def n_held(self, owners: Iterable[int]) -> int:
        return sum(self._n[owner] for owner in owners)

    def fits(self, n: int, live: Iterable[int]) -> bool:
        """Whoever gets a slot gets all the room it will ever need."""
        return True


def new_ledger(layout: Layout, n_cells: int, n_owners: int) -> CellLedger:
    return StreamLedger(n_cells, n_owners) if layout == "streams" else UnifiedLedger(n_cells, n_owners)
