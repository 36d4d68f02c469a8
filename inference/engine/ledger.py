"""Our count of the KV cells in use, exact under sharing, so that running out is seen before llama.cpp does."""

from __future__ import annotations

import numpy as np

from inference.engine.int_buffer import Ints


class CellLedger:
    """Cells have numbers of our own (llama.cpp's are its secret) and a count of the slots that are on them."""

    def __init__(self, n_cells: int) -> None:
        self.n_cells = n_cells
        self._users: Ints = np.zeros(n_cells, np.int32)
        self._free: Ints = np.arange(n_cells, dtype=np.int32)[::-1].copy()
        self.n_free = n_cells

    @property
    def n_used(self) -> int:
        return self.n_cells - self.n_free

    def take_one(self) -> int:
        """Raises IndexError where ``n_free`` is 0: the scheduler has asked before."""
        if not self.n_free:
            raise IndexError("no free cell")
        self.n_free -= 1
        cell = int(self._free[self.n_free])
        self._users[cell] = 1
        return cell

    def take(self, n: int) -> Ints:
        if n > self.n_free:
            raise IndexError("not enough free cells")
        cells = self._free[self.n_free - n : self.n_free].copy()
        self.n_free -= n
        self._users[cells] = 1
        return cells

    def share(self, cells: Ints) -> None:
        self._users[cells] += 1

    def drop(self, cells: Ints) -> None:
        self._users[cells] -= 1
        freed = cells[self._users[cells] == 0]
        self._free[self.n_free : self.n_free + len(freed)] = freed
        self.n_free += len(freed)

    def any_shared(self, cells: Ints) -> bool:
        return bool((self._users[cells] > 1).any())
