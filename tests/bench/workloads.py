"""What the clients ask. Every round has prompts of its own, so that no cache remembers an earlier round."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Messages = list[dict[str, str]]

_WORDS = """
    river mountain engine captain garden letter winter signal harbour lantern forest market bridge window teacher
    village compass orchard thunder library kitchen painter railway island morning shadow copper silver paper stone
    travels repairs measures remembers collects builds follows describes explains carries opens watches quiet narrow
    ancient brave gentle bright hollow distant careful sudden wooden northern golden
"""
WORDS = _WORDS.split()


@dataclass(frozen=True, kw_only=True)
class Workload:
    """``n_clients`` clients work through ``n_requests`` requests, or one client through as many turns of a chat."""

    name: str
    title: str
    n_clients: int
    n_requests: int
    max_tokens: int
    n_system_words: int = 0
    is_chat: bool = False
    temperature: float = 0.0

    def body(self, messages: Messages, *, model: str) -> dict[str, Any]:
        return {
            "model": model,
            "messages": messages,
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }

    def prompts(self, seed: int) -> list[Messages]:
        """One list of messages for each request; for a chat, the new turn of each."""
        source = random.Random(f"{self.name} {seed}")
        shared = [{"role": "system", "content": system_prompt(source, self.n_system_words)}]
        head = shared if self.n_system_words else []
        ask = short_question if self.n_system_words else question
        return [[*head, {"role": "user", "content": ask(source)}] for _ in range(self.n_requests)]


def question(source: random.Random) -> str:
    """Asks for more than ``max_tokens`` can hold, and differs from every other from its first words on."""
    return (
        f"{sentence(source)} Write a long and detailed story of at least one thousand words about this, "
        f"with a {source.choice(WORDS)} and a {source.choice(WORDS)} in it."
    )


def short_question(source: random.Random) -> str:
    """After a long system prompt, as the users of one assistant ask it."""
    first, second = source.sample(WORDS, 2)
    return f"{first.capitalize()} and {second}: write a long story about both."


def system_prompt(source: random.Random, n_words: int) -> str:
    n_sentences = -(-n_words // 9)
    return " ".join(sentence(source) for _ in range(n_sentences))


def sentence(source: random.Random) -> str:
    return " ".join(source.choices(WORDS, k=9)).capitalize() + "."


WORKLOADS: Sequence[Workload] = (
    Workload(name="single", title="1 client", n_clients=1, n_requests=2, max_tokens=96),
    Workload(name="unrelated", title="8 clients, unrelated prompts", n_clients=8, n_requests=16, max_tokens=64),
    Workload(
        name="shared",
        title="16 requests by 8 clients, one system prompt of 700 tokens",
        n_clients=8,
        n_requests=16,
        max_tokens=32,
        n_system_words=540,
    ),
    Workload(name="chat", title="a chat of 6 turns", n_clients=1, n_requests=6, max_tokens=48, is_chat=True),
)
