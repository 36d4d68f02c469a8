"""What OpenAI's wire costs: 8 clients on ``/v1/chat/completions`` against ``/api/chat``, in turn on one server.

    python -m tests.bench.wires [--rounds N] [--fake]

Both stream, ask the same questions and get as many tokens. ``--fake``: with the engine that takes no time, so that
nothing but the server's own work is left.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

import orjson

from tests.bench.load import run
from tests.bench.servers import MODEL, POWER_SETTINGS, power_home, power_server
from tests.bench.stream_client import CHAT_PATH, BadAnswer, Recording, read_answer, record_chat, timed_payloads
from tests.bench.workloads import Messages, Workload

ROUNDS = 8
LIMIT = 0.97
N_TOKENS = 64
WORKLOAD = Workload(name="wires", title="8 clients", n_clients=8, n_requests=16, max_tokens=N_TOKENS)
FAKE = {**POWER_SETTINGS, "BACKEND": "fake", "FAKE_BACKEND": f"length={N_TOKENS}"}
N_FAKE_ROUNDS_IN_ONE = 10


@dataclass(frozen=True, kw_only=True)
class Wire:
    path: str
    body: Callable[[Messages], dict[str, Any]]
    n_tokens: Callable[[Recording], int]


def openai_body(messages: Messages) -> dict[str, Any]:
    return WORKLOAD.body(messages, model=MODEL)


def openai_tokens(recording: Recording) -> int:
    return read_answer(recording, max_tokens=N_TOKENS).n_tokens


def ollama_body(messages: Messages) -> dict[str, Any]:
    return {"model": MODEL, "messages": messages, "options": {"num_predict": N_TOKENS, "temperature": 0}}


def ollama_tokens(recording: Recording) -> int:
    """Raises BadAnswer."""
    _, *payloads = [payload for _, payload in timed_payloads(recording)]
    last = orjson.loads(b"".join(payloads).splitlines()[-1])
    if not last.get("done"):
        raise BadAnswer(str(last)[:500])
    n_tokens: int = last["eval_count"]
    return n_tokens


OPENAI = Wire(path=CHAT_PATH, body=openai_body, n_tokens=openai_tokens)
OLLAMA = Wire(path="/api/chat", body=ollama_body, n_tokens=ollama_tokens)


async def tokens_per_second(url: str, wire: Wire, *, seed: int, n_times: int) -> float:
    """Of all clients together. What was recorded is read when the clock has stopped."""
    waiting = deque([messages for number in range(n_times) for messages in WORKLOAD.prompts(seed * 1000 + number)])
    recordings: list[Recording] = []

    async def client() -> None:
        while waiting:
            recordings.append(await record_chat(url, wire.body(waiting.popleft()), path=wire.path))

    began = time.perf_counter()
    async with asyncio.TaskGroup() as clients:
        for _ in range(WORKLOAD.n_clients):
            clients.create_task(client())
    seconds = time.perf_counter() - began
    return sum(map(wire.n_tokens, recordings)) / seconds


def measure(url: str, *, rounds: int, n_times: int) -> str:
    """Markdown: medians, and the median of the rounds' ratios with their range."""
    for wire in (OPENAI, OLLAMA):
        run(tokens_per_second(url, wire, seed=0, n_times=1))
    pairs = []
    for number in range(1, rounds + 1):
        speeds = {}
        for wire in (OPENAI, OLLAMA) if number % 2 else (OLLAMA, OPENAI):
            seed = 2 * number + (wire is OPENAI)
            speeds[wire.path] = run(tokens_per_second(url, wire, seed=seed, n_times=n_times))
        pairs.append((speeds[OPENAI.path], speeds[OLLAMA.path]))
    ratios = sorted(ours / theirs for ours, theirs in pairs)
    openai, ollama = (median(pair[side] for pair in pairs) for side in (0, 1))
    verdict = "reached" if median(ratios) >= LIMIT else "MISSED"
    spread = f"{median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})"
    return f"| {WORKLOAD.title} | {openai:.1f} | {ollama:.1f} | {spread} | {verdict} |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--fake", action="store_true")
    arguments = parser.parse_args()
    settings: Mapping[str, str] = FAKE if arguments.fake else POWER_SETTINGS
    with power_home() as home, power_server(home, settings) as url:
        print(f"| | {OPENAI.path} | {OLLAMA.path} | ratio, at least {LIMIT} | |\n| --- | --- | --- | --- | --- |")
        n_times = N_FAKE_ROUNDS_IN_ONE if arguments.fake else 1
        print(measure(url, rounds=arguments.rounds, n_times=n_times), flush=True)


if __name__ == "__main__":
    main()
