"""Who asked for an answer and why, as the client says; kept in the log ``power.usage``, a line for each answer.

A client that says neither leaves no line. What it says is its own label for its users, no content: OpenAI asks for a
hash there.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from inference.events import Started

logger = logging.getLogger("power.usage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    user: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    def note(self, model: str, started: Started, *, n_generated: int) -> None:
        """At an answer's end, or when its client has left. Any thread."""
        if self.user or self.metadata:
            logger.info(
                "model=%s input=%d cached=%d output=%d user=%s metadata=%s",
                *(model, started.n_prompt, started.n_cached, n_generated, _quoted(self.user), _quoted(self.metadata)),
            )


NOBODY = Account()


def _quoted(value: str | Mapping[str, str]) -> str:
    """As JSON: no label can look like another field, or like another line."""
    return orjson.dumps(value).decode()
