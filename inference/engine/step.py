"""What one decode carries, and how many prefill tokens it may."""

from __future__ import annotations

from dataclasses import dataclass, field

from inference.engine.batch import Batch
from inference.engine.media.chunks import MediaBatch
from inference.engine.scoring import Scored
from inference.engine.sequence import Sequence, State

# A step with prefill in it makes every decoding sequence wait: this long at most, by what the last steps took.
TARGET_SECONDS = 0.2
MIN_CHUNK = 32


@dataclass(slots=True)
class Chunk:
    """``n`` tokens of a sequence; ``row`` of its output in the batch, or -1 where more of its prompt is to come.

    ``scored``: what other outputs say of its prompt, where that is asked for.
    """

    sequence: Sequence
    n: int
    row: int
    scored: Scored | None = None


@dataclass(slots=True)
class Step:
    """One decode: of ``batch``, or of ``media`` where there is one, a single sequence's."""

    batch: Batch
    chunks: list[Chunk] = field(default_factory=list)
    media: MediaBatch | None = None

    def clear(self) -> None:
        self.batch.clear()
        self.chunks.clear()
        self.media = None

    @property
    def n_tokens(self) -> int:
        return self.batch.n_tokens if self.media is None else self.media.n_tokens

    @property
    def n_scored(self) -> int:
        """Outputs that are there for the scores of prompts alone."""
        return sum(chunk.scored.n for chunk in self.chunks if chunk.scored is not None)

    @property
    def can_shrink(self) -> bool:
        """Whether fewer tokens of the same sequences could be decoded instead."""
        return self.n_tokens > len(self.chunks) and (self.media is None or self.media.causal)

    @property
    def prefilling(self) -> frozenset[int]:
        """Request ids whose prompt is being worked on: cancelling one of them is worth an abort."""
        return frozenset(chunk.sequence.request_id for chunk in self.chunks if chunk.sequence.state is State.PREFILL)


class PrefillPace:
    """Learns how long prefill takes here, and says how many tokens of it a step can carry."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._token_seconds = 0.0

    def learn(self, n_tokens: int, seconds: float) -> None:
        if n_tokens >= MIN_CHUNK:
            measured = seconds / n_tokens
            self._token_seconds = (self._token_seconds + measured) / 2 if self._token_seconds else measured

    def limit(self, *, others_decode: bool) -> int:
        """Tokens of prefill for the next step. Alone, prefill takes the whole batch."""
        if not others_decode or not self._token_seconds:
            return self._capacity
        return max(MIN_CHUNK, min(self._capacity, int(TARGET_SECONDS / self._token_seconds)))


def share_prefill(pending: list[tuple[Sequence, int]], budget: int) -> list[tuple[Sequence, int]]:
    """How many tokens each sequence gets of a budget, from (sequence, tokens it still has), the oldest first.

    The oldest gets half of it at least, and those with the least to go get the rest: a long prompt neither blocks short
    ones nor is starved by them, and among equals it is first come, first served.
    """
    if budget <= 0:
        return []
    oldest, n_oldest = pending[0]
    granted = {id(oldest): min(n_oldest, max(1, budget // 2))}
    budget -= granted[id(oldest)]
    for sequence, n_pending in sorted(pending, key=lambda pair: pair[1]):
        n = min(budget, n_pending - granted.get(id(sequence), 0))
        granted[id(sequence)] = granted.get(id(sequence), 0) + n
        budget -= n
    return [(sequence, granted[id(sequence)]) for sequence, _ in pending if granted[id(sequence)]]
