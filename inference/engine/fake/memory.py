"""llama.cpp's KV cache as the fake backend keeps it, unified (cells shared between sequences) or in streams (cells of
each its own), checked at every step."""

from __future__ import annotations

import numpy as np

from inference.engine.batch import Batch
from inference.engine.media.chunks import MediaBatch
from inference.engine.media.placeholders import is_inside, n_positions, span_start


class Cell:
    __slots__ = ("position", "token", "users")

    def __init__(self, token: int, position: int) -> None:
        self.token = token
        self.position = position
        self.users = 1


class FakeMemory:
    """Raises AssertionError where a scheduler would corrupt memory: positions that leave a gap or are taken, moving a
    cell that another sequence is on, or copying cells whose move has not been carried out.

    ``n_streams`` of equal length for the first so many sequences, or 0 for one cache.
    """

    def __init__(self, n_cells: int, *, can_cut: bool = True, has_mrope: bool = False, n_streams: int = 0) -> None:
        self.n_cells = n_cells
        self.n_streams = n_streams
        self._moved: set[int] = set()
        self.has_mrope = has_mrope
        self.can_cut = can_cut
        self.n_used = 0
        self.sequences: dict[int, list[Cell]] = {}

    def tokens(self, seq_id: int) -> list[int]:
        return [cell.token for cell in self.sequences.get(seq_id, [])]

    def fits(self, batch: Batch) -> bool:
        counts = np.bincount(batch.seq_ids[: batch.n_tokens])
        return self.has_room(batch.n_tokens) and all(self._stream_has_room(i, int(n)) for i, n in enumerate(counts))

    def has_room(self, n: int) -> bool:
        return self.n_used + n <= self.n_cells

    def _stream_has_room(self, seq_id: int, n: int) -> bool:
        return not self.n_streams or len(self.sequences.get(seq_id, [])) + n <= self.n_cells // self.n_streams

    def store(self, batch: Batch) -> None:
        self._moved.clear()
        for row in range(batch.n_tokens):
            self._append(int(batch.seq_ids[row]), int(batch.tokens[row]), int(batch.positions[row]))
        self.n_used += batch.n_tokens

    def store_media(self, batch: MediaBatch) -> None:
        for token, position in zip(batch.ids.tolist(), batch.positions[0].tolist(), strict=True):
            self._append(batch.seq_id, token, position)
        self.n_used += batch.n_tokens

    def _append(self, seq_id: int, token: int, position: int) -> None:
        assert not self.n_streams or seq_id < self.n_streams, "there is no such stream"
        cells = self.sequences.setdefault(seq_id, [])
        following = cells[-1].position + 1 if cells else 0
        if self.has_mrope:
            following = _positions([*(cell.token for cell in cells), token])[-1]
        assert position == following, "a position is missing or taken"
        cells.append(Cell(token, position))

    def load(self, seq_id: int, tokens: list[int]) -> bool:
        """A sequence that was copied out comes back, in cells of its own."""
        assert not self.sequences.get(seq_id), "the target still holds cells"
        if not self.has_room(len(tokens)) or not self._stream_has_room(seq_id, len(tokens)):
            return False
        positions = _positions(tokens) if self.has_mrope else range(len(tokens))
        self.sequences[seq_id] = [Cell(token, position) for position, token in zip(positions, tokens, strict=True)]
        self.n_used += len(tokens)
        return True

    def seq_rm(self, seq_id: int, start: int, end: int) -> bool:
        cells = self.sequences.get(seq_id, [])
        inside = [cell for cell in cells if _inside(cell, start, end)]
        if inside and len(inside) < len(cells) and not self.can_cut:
            return False
        for cell in inside:
            cell.users -= 1
            self.n_used -= cell.users == 0
        self.sequences[seq_id] = [cell for cell in cells if not _inside(cell, start, end)]
        return True

    def save(self, seq_id: int) -> list[int]:
        assert seq_id not in self._moved, "cells whose move has not been carried out"
        return self.tokens(seq_id)

    def seq_cp(self, source: int, target: int, start: int, end: int) -> bool:
        assert not self.sequences.get(target), "the target still holds cells"
        if self.n_streams:
            return self.load(target, self.save(source))
        # Recurrent memory has one state for the whole sequence: llama.cpp copies it whatever the range says.
        shared = [cell for cell in self.sequences.get(source, []) if not self.can_cut or _inside(cell, start, end)]
        for cell in shared:
            cell.users += 1
        self.sequences[target] = shared
        return True

    def seq_add(self, seq_id: int, start: int, end: int, delta: int) -> None:
        assert self.can_cut, "recurrent memory can't be shifted"
        moved = [cell for cell in self.sequences.get(seq_id, []) if _inside(cell, start, end)]
        assert all(cell.users == 1 for cell in moved), "moving a cell that another sequence is on"
        for cell in moved:
            cell.position += delta
        self._moved.add(seq_id)


def _inside(cell: Cell, start: int, end: int) -> bool:
    return max(start, 0) <= cell.position and (end < 0 or cell.position < end)


def _positions(tokens: list[int]) -> list[int]:
    """Where M-RoPE puts them: all of an image where it begins."""
    array = np.array(tokens, np.int32)
    starts = [span_start(array, index) if is_inside(token) else index for index, token in enumerate(tokens)]
    return [n_positions(array[:start]) for start in starts]
