"""``make bench``: starts Power, and llama-server where there is one, and prints how they compare.

    python -m tests.bench.run [--rounds N] [--workload NAME]

llama-server is taken from ``$LLAMA_SERVER`` or the path. Without it, Power's own figures are printed.
"""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import catalog, embeddings, overhead
from tests.bench.compare import WARM_UP, Comparison, add_arguments, compare_all, table
from tests.bench.figures import METRICS
from tests.bench.load import run, run_round
from tests.bench.servers import MODEL, find_llama_server, llama_server, model_file, power_home, power_server
from tests.bench.workloads import WORKLOADS


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the median ratio of one metric of a workload has to reach: ``at_least`` or ``at_most`` the limit."""

    metric: str
    limit: float
    is_least: bool

    def reached(self, value: float) -> bool:
        return value >= self.limit if self.is_least else value <= self.limit

    def __str__(self) -> str:
        return f"{self.metric} {'at least' if self.is_least else 'at most'} {self.limit:.2f}"


TARGETS = {
    "single": Target(metric="tokens_per_second", limit=0.98, is_least=True),
    "unrelated": Target(metric="tokens_per_second", limit=1.0, is_least=True),
    "shared": Target(metric="tokens_per_second", limit=3.0, is_least=True),
    "chat": Target(metric="ttft_seconds", limit=1.05, is_least=False),
}


def verdict(comparison: Comparison) -> str:
    target = TARGETS[comparison.workload.name]
    found = comparison.ratio(target.metric)
    word = "reached" if target.reached(found.median) else "MISSED"
    return f"- {comparison.workload.title}: {target}: {found} {word}"


def measure_against(binary: Path, home: Path, *, rounds: int, names: Sequence[str]) -> None:
    with power_server(home) as power, llama_server(binary, model_file()) as peer:
        comparisons = list(compare_all(power, peer, model=MODEL, rounds=rounds, names=names))
    print("A is Power, B is llama-server.\n")
    print(table(comparisons), "\n")
    print("\n".join(verdict(comparison) for comparison in comparisons), "\n")


def measure_alone(home: Path, *, rounds: int, names: Sequence[str]) -> None:
    print("No llama-server: LLAMA_SERVER is not set and none is on the path. These are Power's own figures.\n")
    with power_server(home) as power:
        run(run_round(power, WARM_UP, model=MODEL, seed=time.time_ns()))
        for workload in WORKLOADS:
            for i in range(rounds if not names or workload.name in names else 0):
                result = run(run_round(power, workload, model=MODEL, seed=time.time_ns() + i))
                figures = ", ".join(f"{metric} {getattr(result, metric):.4g}" for metric in METRICS)
                print(f"- {workload.title}: {figures}", flush=True)


def report(title: str, measure: Callable[[], str]) -> None:
    print(f"{title}\n\n{measure()}\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    options = parser.parse_args()
    # Ends like Ctrl-C does, so that no server outlives a benchmark that is told to stop.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    binary = find_llama_server()
    with power_home() as home:
        if binary:
            measure_against(binary, home, rounds=options.rounds, names=options.workload)
        else:
            measure_alone(home, rounds=options.rounds, names=options.workload)
        if not options.workload:
            report("Server overhead", lambda: overhead.measure(home))
            report("Catalog", lambda: catalog.measure(home))
            report("Embeddings", embeddings.measure)


if __name__ == "__main__":
    main()
