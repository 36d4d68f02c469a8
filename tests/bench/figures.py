"""What is computed from recorded times: percentiles of one round, ratios of two servers over many rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One streamed answer. Times in seconds, those of the pieces counted from when the request was sent.

    ``n_tokens`` is what the server's ``usage`` says, ``piece_seconds`` when each piece of text arrived (a server may
    put several tokens into one piece).
    """

    text: str
    n_prompt: int
    n_tokens: int
    finish_reason: str
    piece_seconds: tuple[float, ...]

    @property
    def ttft_seconds(self) -> float:
        return self.piece_seconds[0]

    @property
    def seconds_per_token(self) -> float:
        """The mean over the answer, after its first token; 0 for an answer of one token."""
        return (self.piece_seconds[-1] - self.piece_seconds[0]) / max(self.n_tokens - 1, 1)

    @property
    def gaps_seconds(self) -> list[float]:
        return [later - earlier for earlier, later in zip(self.piece_seconds, self.piece_seconds[1:], strict=False)]


@dataclass(frozen=True, kw_only=True)
class Round:
    """One workload run once against one server. ``client_seconds`` is the CPU time the load generator itself took."""

    answers: tuple[Answer, ...]
    wall_seconds: float
    client_seconds: float

    @property
    def n_tokens(self) -> int:
        return sum(answer.n_tokens for answer in self.answers)

    @property
    def tokens_per_second(self) -> float:
        """All clients together, prefill included."""
        return self.n_tokens / self.wall_seconds

    @property
    def ttft_seconds(self) -> float:
        return fmean(answer.ttft_seconds for answer in self.answers)

    @property
    def ttft_p95_seconds(self) -> float:
        return percentile([answer.ttft_seconds for answer in self.answers], 95)

    @property
    def seconds_per_token(self) -> float:
        return median(answer.seconds_per_token for answer in self.answers)

    @property
    def gap_p95_seconds(self) -> float:
        return percentile([gap for answer in self.answers for gap in answer.gaps_seconds], 95)

    @property
    def client_share(self) -> float:
        """The load generator's part of one core."""
        return self.client_seconds / self.wall_seconds


METRICS = ("tokens_per_second", "ttft_seconds", "ttft_p95_seconds", "seconds_per_token", "gap_p95_seconds")


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A divided by B, round by round."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}–{self.high:.2f})"


def percentile(values: Sequence[float], percent: float) -> float:
    """Linear between the two nearest ranks; 0 where there is nothing to rank."""
    if not values:
        return 0.0
    ordered = sorted(values)
    rank = (len(ordered) - 1) * percent / 100
    below = int(rank)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (rank - below)


def ratio(rounds_a: Sequence[Round], rounds_b: Sequence[Round], metric: str) -> Ratio:
    """Round i of A is divided by round i of B: both had the same prompts, one right after the other."""
    pairs = zip(rounds_a, rounds_b, strict=True)
    quotients = [getattr(a, metric) / getattr(b, metric) for a, b in pairs if getattr(b, metric)]
    if not quotients:
        raise ValueError(f"no round of the second server has a {metric}")
    return Ratio(median=median(quotients), low=min(quotients), high=max(quotients))
