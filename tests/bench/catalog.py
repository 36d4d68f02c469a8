"""How fast the catalog answers: metadata of a large vocabulary, ``/api/tags`` and ``power list`` with 1 000 models.

python -m tests.bench.catalog
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import httpx2

from models_app.gguf.file import gguf_open
from tests.bench.servers import ROOT, ServerFailed, power_environment, power_home, power_server
from tests.gguf_files import write_vocabulary_gguf

N_VOCAB = 262_144
N_MODELS = 1000
REPEATS = 15
METADATA_LIMIT_SECONDS = 0.05
TAGS_LIMIT_SECONDS = 0.05
LIST_LIMIT_SECONDS = 0.7


def measure(home: Path) -> str:
    """Markdown; medians. ``home`` gets 1 000 more models, which stay."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_vocabulary_gguf(Path(folder) / "large.gguf", n_tokens=N_VOCAB, n_merges=N_VOCAB)
        metadata = timed(lambda: read_metadata(path))
    short_list = timed(lambda: power_list(home), repeats=5)
    add_models(home)
    long_list = timed(lambda: power_list(home), repeats=5)
    with power_server(home) as url:
        tags = measure_tags(url)
    rows = (
        (f"metadata of a vocabulary of {N_VOCAB:,} tokens", metadata, METADATA_LIMIT_SECONDS),
        (f"`/api/tags` with {N_MODELS:,} models", tags, TAGS_LIMIT_SECONDS),
        ("`power list` with 1 model", short_list, LIST_LIMIT_SECONDS),
        (f"`power list` with {N_MODELS:,} models", long_list, LIST_LIMIT_SECONDS),
    )
    lines = ["| catalog | measured | limit |", "| --- | --- | --- |"]
    return "\n".join(
        lines + [f"| {name} | {found * 1e3:.0f} ms | {limit * 1e3:.0f} ms |" for name, found, limit in rows]
    )


def timed(action: Callable[[], object], repeats: int = REPEATS) -> float:
    """The median of some calls after a first one that isn't counted, in seconds."""
    action()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return median(seconds)


def read_metadata(path: Path) -> int:
    with gguf_open(path) as file:
        return len(file.metadata())


def measure_tags(url: str) -> float:
    """One connection for all calls: a client's own start would count for more than the answer."""
    with httpx2.Client(trust_env=False, timeout=30) as client:
        n_models = len(client.get(f"{url}/api/tags").raise_for_status().json()["models"])
        if n_models < N_MODELS:
            raise ServerFailed(f"/api/tags lists {n_models} models")
        return timed(lambda: client.get(f"{url}/api/tags").raise_for_status())


def power_list(home: Path) -> None:
    command = [sys.executable, "manage.py", "list"]
    subprocess.run(command, cwd=ROOT, env=power_environment(home, {}), check=True, stdout=subprocess.DEVNULL)


def add_models(home: Path) -> None:
    """Rows as 1 000 pulls would leave them, each with a manifest of its own, all on the one model's blob."""
    command = [sys.executable, "-m", "tests.bench.many_models", str(N_MODELS)]
    subprocess.run(command, cwd=ROOT, env=power_environment(home, {}), check=True)


def main() -> None:
    with power_home() as home:
        print(measure(home))


if __name__ == "__main__":
    main()
