"""Two servers in one run, round by round in turn (A B, B A, A B ...), and the ratios of A to B as a table.

    python -m tests.bench.compare URL_A URL_B [--rounds N] [--workload NAME]

The same prompts go to both within one round. What else the machine does then weighs on both alike, which figures from
two separate runs can't promise.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.figures import METRICS, Ratio, Round, ratio
from tests.bench.load import run, run_round
from tests.bench.workloads import WORKLOADS, Workload

ROUNDS = 5
WARM_UP = Workload(name="warm-up", title="warm-up", n_clients=1, n_requests=1, max_tokens=8)
HEADINGS = (
    "workload",
    "tokens/s A",
    "tokens/s B",
    "tokens/s A:B",
    "TTFT A:B",
    "TTFT p95 A:B",
    "time per token A:B",
    "gap p95 A:B",
    "tokens A, B",
)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    workload: Workload
    rounds_a: tuple[Round, ...]
    rounds_b: tuple[Round, ...]

    def ratio(self, metric: str) -> Ratio:
        return ratio(self.rounds_a, self.rounds_b, metric)

    @property
    def client_share(self) -> float:
        return max(round_.client_share for round_ in (*self.rounds_a, *self.rounds_b))


def compare(url_a: str, url_b: str, workload: Workload, *, model: str, seed: int, rounds: int) -> Comparison:
    """Raises BadAnswer, TimeoutError, OSError."""
    results: dict[str, list[Round]] = {url_a: [], url_b: []}
    for i in range(rounds):
        for url in (url_a, url_b) if i % 2 == 0 else (url_b, url_a):
            results[url].append(run(run_round(url, workload, model=model, seed=seed + i)))
        print(".", end="", file=sys.stderr, flush=True)
    found = Comparison(workload=workload, rounds_a=tuple(results[url_a]), rounds_b=tuple(results[url_b]))
    so_far = f"tokens/s {found.ratio('tokens_per_second')}, TTFT {found.ratio('ttft_seconds')}"
    print(f" {workload.title}: {so_far}", file=sys.stderr, flush=True)
    return found


def compare_all(
    url_a: str, url_b: str, *, model: str, rounds: int = ROUNDS, names: Sequence[str] = (), seed: int | None = None
) -> Iterator[Comparison]:
    """Both servers are warmed up first: Power loads a model on first use."""
    seed = time.time_ns() if seed is None else seed
    for url in (url_a, url_b):
        run(run_round(url, WARM_UP, model=model, seed=seed))
    for workload in WORKLOADS:
        if not names or workload.name in names:
            yield compare(url_a, url_b, workload, model=model, seed=seed, rounds=rounds)


def table(comparisons: Sequence[Comparison]) -> str:
    """Markdown. A ratio is the median of the rounds, with the lowest and the highest."""
    lines = [row(HEADINGS), row(["---"] * len(HEADINGS))]
    for comparison in comparisons:
        sides = (comparison.rounds_a, comparison.rounds_b)
        speeds = [f"{median(round_.tokens_per_second for round_ in side):.1f}" for side in sides]
        ratios = [str(comparison.ratio(metric)) for metric in METRICS]
        tokens = ", ".join(str(sum(round_.n_tokens for round_ in side)) for side in sides)
        lines.append(row([comparison.workload.title, *speeds, *ratios, tokens]))
    share = max(comparison.client_share for comparison in comparisons)
    return "\n".join([*lines, "", f"The load generator took at most {share:.1%} of one core."])


def row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=ROUNDS, choices=range(1, 101), metavar="N")
    parser.add_argument("--workload", choices=[workload.name for workload in WORKLOADS], action="append", default=[])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url_a", metavar="URL_A")
    parser.add_argument("url_b", metavar="URL_B")
    parser.add_argument("--model", default="smollm2:135m")
    add_arguments(parser)
    options = parser.parse_args()
    found = compare_all(
        options.url_a, options.url_b, model=options.model, rounds=options.rounds, names=options.workload
    )
    print(table(list(found)))


if __name__ == "__main__":
    main()
