"""What a constraint costs: tokens/s of answers held to a JSON schema against free ones, in turn on one server.

    python -m tests.bench.constrained [--rounds N]

The engine's own figures are compared (``eval_count`` and ``eval_duration``): the same number of tokens either way.
"""

from __future__ import annotations

import argparse
import threading
from dataclasses import dataclass
from statistics import median
from typing import Any

import httpx2

from tests.bench.servers import MODEL, power_home, power_server

ROUNDS = 8
LIMIT = 0.9
N_TOKENS = 96
PROMPT = "Tell a long story about a lighthouse keeper and his dog."
# None ends within N_TOKENS: a long text, many small values with punctuation between them, and whatever comes to mind.
SCHEMAS: dict[str, Any] = {
    "a long string": {
        "type": "object",
        "properties": {"story": {"type": "string", "minLength": 2000}},
        "required": ["story"],
    },
    "small values": {
        "type": "array",
        "minItems": 100,
        "items": {
            "type": "object",
            "properties": {"name": {"type": "string", "maxLength": 12}, "age": {"type": "integer"}},
            "required": ["name", "age"],
            "additionalProperties": False,
        },
    },
    "any values": {"type": "array", "minItems": 1000},
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """``n_clients`` ask at once, with Ollama's default sampling or by the maximum."""

    schema: str
    n_clients: int
    temperature: float

    @property
    def title(self) -> str:
        clients = "1 client" if self.n_clients == 1 else f"{self.n_clients} clients"
        return f"{self.schema}, {clients}, temperature {self.temperature:g}"


CASES = [
    Case(schema="a long string", n_clients=1, temperature=0.0),
    Case(schema="a long string", n_clients=1, temperature=0.8),
    Case(schema="small values", n_clients=1, temperature=0.8),
    Case(schema="any values", n_clients=1, temperature=0.8),
    Case(schema="a long string", n_clients=8, temperature=0.8),
]


def tokens_per_second(url: str, case: Case, *, constrained: bool) -> float:
    """All clients' together. Raises RuntimeError where an answer was too short to say anything."""
    found: list[float] = []
    body = {
        "model": MODEL,
        "prompt": PROMPT,
        "stream": False,
        "options": {"temperature": case.temperature, "num_predict": N_TOKENS},
        **({"format": SCHEMAS[case.schema]} if constrained else {}),
    }

    def ask() -> None:
        answer = httpx2.post(f"{url}/api/generate", json=body, timeout=300, trust_env=False).json()
        if answer["eval_count"] >= N_TOKENS // 2:
            found.append(answer["eval_count"] / answer["eval_duration"] * 1e9)

    clients = [threading.Thread(target=ask) for _ in range(case.n_clients)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    if not found:
        raise RuntimeError("no answer was long enough to be timed")
    return median(found) * case.n_clients


def measure(url: str, case: Case, *, rounds: int) -> str:
    """A row of the table: medians, and the median of the rounds' ratios with their range."""
    pairs = []
    for number in range(rounds):
        order = (True, False) if number % 2 else (False, True)
        speeds = {constrained: tokens_per_second(url, case, constrained=constrained) for constrained in order}
        pairs.append((speeds[True], speeds[False]))
    ratios = sorted(held / free for held, free in pairs)
    held, free = (median(pair[side] for pair in pairs) for side in (0, 1))
    verdict = "reached" if median(ratios) >= LIMIT else "MISSED"
    spread = f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    return f"| {case.title} | {held:.1f} | {free:.1f} | {spread} | {verdict} |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    with power_home() as home, power_server(home) as url:
        print(f"| schema | tokens/s held | free | ratio, at least {LIMIT} | |\n| --- | --- | --- | --- | --- |")
        for case in CASES:
            tokens_per_second(url, case, constrained=True)  # loads the model, compiles the schema
            print(measure(url, case, rounds=rounds), flush=True)


if __name__ == "__main__":
    main()
