"""Which inputs the next decode of embeddings takes. Pure: one thread owns it, and nothing here decodes.

Requests take turns input by input, so that a large one does not hold up a small one; one decode holds inputs of
several. Within a request the longest go first, and the shortest fill what room is left.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from inference.engine.batch import Batch
from inference.engine.embedding.embedder import EmbedInfo
from inference.engine.int_buffer import Ints
from inference.request import EmbedRequest


@dataclass(slots=True, eq=False)
class Input:
    """One text of a request, on its way. ``n_done`` of its tokens are decoded, in sequence ``seq_id``."""

    job: Job
    index: int
    tokens: Ints
    n_done: int = 0
    seq_id: int = -1

    @property
    def n_left(self) -> int:
        return len(self.tokens) - self.n_done


@dataclass(slots=True, eq=False)
class Job:
    """One request. ``waiting`` are its inputs that have not begun, the longest first; ``n_unfinished`` counts all."""

    request_id: int
    request: EmbedRequest
    waiting: deque[Input] = field(default_factory=deque)
    n_tokens: int = 0
    n_dropped: int = 0
    n_unfinished: int = 0
    started_at: float = 0.0

    @classmethod
    def of(cls, request_id: int, request: EmbedRequest, inputs: list[list[int]], *, n_dropped: int = 0) -> Job:
        job = cls(request_id, request, n_dropped=n_dropped)
        job.n_tokens = sum(len(tokens) for tokens in inputs)
        job.n_unfinished = len(inputs)
        pieces = [Input(job, index, np.array(tokens, np.int32)) for index, tokens in enumerate(inputs)]
        job.waiting = deque(sorted(pieces, key=lambda each: -len(each.tokens)))
        return job

    @property
    def longest(self) -> int:
        return len(self.waiting[0].tokens) if self.waiting else 0


@dataclass(frozen=True, slots=True)
class Piece:
    """``n`` tokens of an input in one decode; ``is_last``: its vector can be read after it."""

    input: Input
    n: int

    @property
    def is_last(self) -> bool:
        return self.n == self.input.n_left


class EmbedQueue:
    """``target`` tokens make a good decode; a longer input that can't be split has one for itself.

    ``alone``: a decode takes only inputs of the oldest request.
    """

    def __init__(self, info: EmbedInfo, *, target: int) -> None:
        self._info = info
        self._target = min(target, info.n_batch)
        self._free_seq_ids = list(range(info.n_seq_max))[::-1]
        self._n_reserved = 0
        self.jobs: dict[int, Job] = {}
        self._turns: deque[Job] = deque()
        self.begun: list[Input] = []
        self.alone = False

    def add(self, job: Job) -> None:
        self.jobs[job.request_id] = job
        self._turns.append(job)

    def remove(self, request_id: int) -> list[int]:
        """The request is over, finished or not: the sequences that its inputs leave behind."""
        job = self.jobs.pop(request_id, None)
        if job is None:
            return []
        if job in self._turns:
            self._turns.remove(job)
        left = [each for each in self.begun if each.job is job]
        return [self._end(each) for each in left]

    def schedule(self, batch: Batch) -> list[Piece]:
        """Fills the batch: inputs that have begun, then new ones in turns."""
        batch.clear()
        pieces = [piece for each in self.begun if (piece := self._piece(each, batch)) is not None]
        only = self._first() if self.alone else None
        while self._may_begin(batch) and self._take_turns(batch, pieces, only):
            pass
        return pieces

    def complete(self, pieces: list[Piece]) -> list[tuple[Input, int]]:
        """After the decode: the inputs that have ended, each with the sequence that holds its vector."""
        ended = [(piece.input, piece.input.seq_id) for piece in pieces if piece.is_last]
        for piece in pieces:
            piece.input.n_done += piece.n
        for each, _ in ended:
            self._end(each)
            each.job.n_unfinished -= 1
        return ended

    def rollback(self) -> list[int]:
        """Everything that has begun begins again: what an aborted decode leaves in memory is unknown. The sequences."""
        seq_ids = []
        for each in reversed(list(self.begun)):
            seq_ids.append(self._end(each))
            each.n_done = 0
            each.job.waiting.appendleft(each)
            if each.job not in self._turns:
                self._turns.appendleft(each.job)
        return seq_ids

    def _take_turns(self, batch: Batch, pieces: list[Piece], only: Job | None) -> bool:
        """One round: an input of each request, or of ``only`` one. False: none has begun."""
        n_before = len(pieces)
        for _ in range(len(self._turns)):
            job = self._turns[0]
            self._turns.rotate(-1)
            piece = self._begin(job, batch) if only in (None, job) else None
            if piece is not None:
                pieces.append(piece)
                if not job.waiting:
                    self._turns.pop()
        return len(pieces) > n_before

    def _begin(self, job: Job, batch: Batch) -> Piece | None:
        for end in (0, -1):
            each = job.waiting[end]
            if self._can_begin(each, batch):
                job.waiting.popleft() if end == 0 else job.waiting.pop()
                each.seq_id = self._free_seq_ids.pop()
                self._n_reserved += len(each.tokens)
                self.begun.append(each)
                return self._piece(each, batch)
        return None

    def _can_begin(self, each: Input, batch: Batch) -> bool:
        if not self._free_seq_ids or self._n_reserved + len(each.tokens) > self._info.n_cells:
            return False
        room = self._room(batch)
        return room > 0 if self._info.can_split else len(each.tokens) <= room or batch.n_tokens == 0

    def _may_begin(self, batch: Batch) -> bool:
        if not self._turns or not self._free_seq_ids or self._room(batch) <= 0:
            return False
        # Where cells are short, the oldest request gets the next that are free: short inputs would pass it for ever.
        oldest = next(job for job in self.jobs.values() if job.waiting)
        return not self.begun or self._n_reserved + oldest.longest <= self._info.n_cells

    def _first(self) -> Job:
        return self.begun[0].job if self.begun else next(iter(self.jobs.values()))

    def _room(self, batch: Batch) -> int:
        return self._target - batch.n_tokens

    def _piece(self, each: Input, batch: Batch) -> Piece | None:
        n = min(each.n_left, self._room(batch)) if self._info.can_split else each.n_left
        if n <= 0:
            return None
        piece = Piece(each, n)
        batch.add(each.seq_id, each.tokens[each.n_done : each.n_done + n], each.n_done, output=True)
        return piece

    def _end(self, each: Input) -> int:
        seq_id, each.seq_id = each.seq_id, -1
        self.begun.remove(each)
        self._free_seq_ids.append(seq_id)
        self._n_reserved -= len(each.tokens)
        return seq_id
