"""A question to a server and its answer on its way: pieces of text, then timings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from models_app.console.humanize import timing


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """What one answer took. Durations in seconds."""

    total_seconds: float = 0.0
    load_seconds: float = 0.0
    n_prompt: int = 0
    prompt_seconds: float = 0.0
    n_generated: int = 0
    decode_seconds: float = 0.0

    def lines(self) -> str:
        """The lines of ``--verbose``, as Ollama prints them (its api/types.go, Metrics.Summary)."""
        rows = [
            ("total duration:", timing(self.total_seconds), self.total_seconds),
            ("load duration:", timing(self.load_seconds), self.load_seconds),
            ("prompt eval count:", f"{self.n_prompt} token(s)", self.n_prompt),
            ("prompt eval duration:", timing(self.prompt_seconds), self.prompt_seconds),
            ("prompt eval rate:", _rate(self.n_prompt, self.prompt_seconds), self.prompt_seconds),
            ("eval count:", f"{self.n_generated} token(s)", self.n_generated),
            ("eval duration:", timing(self.decode_seconds), self.decode_seconds),
            ("eval rate:", _rate(self.n_generated, self.decode_seconds), self.decode_seconds),
        ]
        return "".join(f"{title:<22}{text}\n" for title, text, shown in rows if shown)


def _rate(n_tokens: int, seconds: float) -> str:
    return f"{n_tokens / seconds:.2f} tokens/s" if seconds else ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text of the answer; ``thinking`` is the model's reasoning before it."""

    text: str
    thinking: bool = False


class Answer(Protocol):
    """Iterate once. ``timings`` is set at the end; ``close`` ends the generation and may come at any time."""

    timings: Timings | None

    def __iter__(self) -> Iterator[Piece]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """All in the form of ``/api/chat``; what is None is left to the server."""

    model: str
    messages: list[dict[str, Any]]
    options: dict[str, Any] = field(default_factory=dict)
    keep_alive: float | None = None
    format: str | dict[str, Any] | None = None
    think: bool | str | None = None


class Chat(Protocol):
    def answer(self, request: ChatRequest) -> Answer: ...
