"""What the server adds to the engine: HTTP, Django and the worker's socket, against the same engine called directly.

    python -m tests.bench.overhead

The engine is the fake one, which takes no time to decode: what is left is ours. Both sides are measured in turn.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from inference.config import LoadOptions
from inference.engine.opening import open_backend
from inference.engine.runner import Runner
from inference.events import Event, Failed, Finished, TextDelta
from inference.request import ChatPrompt, GenerateRequest, Message, SamplingOptions
from inference.spec import ModelSpec
from tests.bench.load import run, run_round
from tests.bench.servers import MODEL, power_home, power_server
from tests.bench.workloads import Workload

N_TOKENS = 50
N_REQUESTS = 40
ROUNDS = 5
TTFT_LIMIT_SECONDS = 0.005
TOKEN_LIMIT_SECONDS = 0.0002
FAKE = {"BACKEND": "fake", "NUM_PARALLEL": "8"}
ONE = Workload(name="overhead", title="1 client", n_clients=1, n_requests=N_REQUESTS, max_tokens=N_TOKENS)
EIGHT = Workload(name="overhead-8", title="8 clients", n_clients=8, n_requests=N_REQUESTS, max_tokens=N_TOKENS)


class Direct:
    """One request at a time through a Runner in this process."""

    def __init__(self, runner_of: type[Runner] = Runner) -> None:
        self._first = 0.0
        self._done = threading.Event()
        self._failed: Failed | None = None
        options = LoadOptions(num_parallel=8)
        backend = open_backend(fake_spec(), options, kind="fake", on_progress=lambda fraction: None)
        self._runner = runner_of(backend, options=options, publish=self._publish)
        self._runner.start()
        self._n = 0

    def measure(self, messages: list[dict[str, str]]) -> tuple[float, float]:
        """Seconds to the first token, and for each token after it. Raises what the engine failed with."""
        self._first, self._n = 0.0, self._n + 1
        self._done.clear()
        sent = time.perf_counter()
        self._runner.submit(self._n, direct_request(messages))
        self._done.wait()
        ended = time.perf_counter()
        if self._failed:
            raise self._failed.exception()
        return self._first - sent, (ended - self._first) / (N_TOKENS - 1)

    def close(self) -> None:
        self._runner.close()

    def _publish(self, frame: list[tuple[int, Event]]) -> None:
        for _, event in frame:
            if isinstance(event, TextDelta) and not self._first:
                self._first = time.perf_counter()
            elif isinstance(event, Finished | Failed):
                self._failed = event if isinstance(event, Failed) else None
                self._done.set()


def fake_spec() -> ModelSpec:
    return ModelSpec(
        name="fake",
        digest="0" * 64,
        model_path=f"fake:length={N_TOKENS}",
        size_bytes=0,
        n_ctx_train=4096,
        kv_bytes_per_token=0,
    )


def direct_request(messages: list[dict[str, str]]) -> GenerateRequest:
    turns = tuple(Message(role=message["role"], content=message["content"]) for message in messages)
    return GenerateRequest(
        prompt=ChatPrompt(messages=turns), sampling=SamplingOptions(temperature=0), num_predict=N_TOKENS
    )


@contextmanager
def direct() -> Iterator[Direct]:
    engine = Direct()
    try:
        yield engine
    finally:
        engine.close()


def measure(home: Path) -> str:
    """Markdown. The overhead is the difference of the medians."""
    with power_server(home, FAKE) as url, direct() as engine:
        run(run_round(url, ONE, model=MODEL, seed=0))
        served, alone = [], []
        for seed in range(1, ROUNDS + 1):
            alone += [engine.measure(messages) for messages in ONE.prompts(seed)]
            served += list(run(run_round(url, ONE, model=MODEL, seed=seed)).answers)
        eight = [run(run_round(url, EIGHT, model=MODEL, seed=seed)) for seed in range(ROUNDS)]
    ttft = median(answer.ttft_seconds for answer in served) - median(first for first, _ in alone)
    token = median(answer.seconds_per_token for answer in served) - median(each for _, each in alone)
    speed = median(round_.tokens_per_second for round_ in eight)
    lines = (
        "| server overhead | measured | limit |",
        "| --- | --- | --- |",
        f"| time to first token | {ttft * 1e3:.2f} ms | {TTFT_LIMIT_SECONDS * 1e3:.0f} ms |",
        f"| each token after it | {token * 1e3:.3f} ms | {TOKEN_LIMIT_SECONDS * 1e3:.1f} ms |",
        f"| a token when 8 stream at once | {1e3 / speed:.3f} ms | {TOKEN_LIMIT_SECONDS * 1e3:.1f} ms |",
    )
    return "\n".join(lines)


def main() -> None:
    with power_home() as home:
        print(measure(home))


if __name__ == "__main__":
    main()
