"""The load generator: one workload, one server, one round.

python -m tests.bench.load URL [--model NAME] [--workload NAME] [--rounds N]
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import deque
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

from tests.bench.figures import METRICS, Answer, Round
from tests.bench.stream_client import Recording, read_answer, record_chat
from tests.bench.workloads import WORKLOADS, Messages, Workload

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


async def run_round(url: str, workload: Workload, *, model: str, seed: int) -> Round:
    """Raises BadAnswer, TimeoutError, OSError."""
    wall, cpu = time.perf_counter(), time.process_time()
    if workload.is_chat:
        answers = await run_chat(url, workload, model=model, seed=seed)
        return Round(
            answers=answers,
            wall_seconds=time.perf_counter() - wall,
            client_seconds=time.process_time() - cpu,
        )
    recordings = await run_clients(url, workload, model=model, seed=seed)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    answers = tuple(read_answer(recording, max_tokens=workload.max_tokens) for recording in recordings)
    return Round(answers=answers, wall_seconds=wall, client_seconds=cpu)


async def run_clients(url: str, workload: Workload, *, model: str, seed: int) -> list[Recording]:
    """Each client takes the next request when its last one is answered."""
    waiting = deque(workload.prompts(seed))
    recordings: list[Recording] = []

    async def client() -> None:
        while waiting:
            recordings.append(await record_chat(url, workload.body(waiting.popleft(), model=model)))

    async with asyncio.TaskGroup() as clients:
        for _ in range(workload.n_clients):
            clients.create_task(client())
    return recordings


async def run_chat(url: str, workload: Workload, *, model: str, seed: int) -> tuple[Answer, ...]:
    """The server's own answers become the history of the next turn."""
    history: Messages = []
    answers: list[Answer] = []
    for turn in workload.prompts(seed):
        history += turn
        recording = await record_chat(url, workload.body(history, model=model))
        answers.append(read_answer(recording, max_tokens=workload.max_tokens))
        history.append({"role": "assistant", "content": answers[-1].text})
    return tuple(answers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--model", default="smollm2:135m")
    parser.add_argument("--workload", choices=[workload.name for workload in WORKLOADS], action="append")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    arguments = parser.parse_args()
    for workload in WORKLOADS:
        if arguments.workload and workload.name not in arguments.workload:
            continue
        for i in range(arguments.rounds):
            result = run(run_round(arguments.url, workload, model=arguments.model, seed=arguments.seed + i))
            figures = "  ".join(f"{metric} {getattr(result, metric):.4g}" for metric in METRICS)
            n_prompt = sum(answer.n_prompt for answer in result.answers)
            print(f"{workload.name}: {figures}  {n_prompt}+{result.n_tokens} tokens", end="  ")
            print(f"client {result.client_share:.1%} of a core", flush=True)


if __name__ == "__main__":
    main()
