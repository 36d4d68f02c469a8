"""What all chunks of one answer share: its id, its time, the model's name, and what the usage adds up to."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inference.events import Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """``model`` is the name as it was asked for; ``fingerprint`` changes when the model behind the name does."""

    id: str
    model: str
    fingerprint: str
    created: int = field(default_factory=lambda: int(time.time()))

    @classmethod
    def of(cls, prefix: str, *, model: str, digest: str) -> Identity:
        return cls(id=f"{prefix}-{uuid.uuid4().hex}", model=model, fingerprint=f"fp_{digest[:12]}")

    def head(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
        }


def usage(finished: Mapping[int, Finished], *, per_prompt: int) -> dict[str, Any]:
    """By choice index; ``per_prompt`` choices share a prompt, which counts once."""
    prompts = [last for index, last in finished.items() if index % per_prompt == 0]
    n_prompt = sum(last.n_prompt for last in prompts)
    n_generated = sum(last.n_generated for last in finished.values())
    return {
        "prompt_tokens": n_prompt,
        "completion_tokens": n_generated,
        "total_tokens": n_prompt + n_generated,
        "prompt_tokens_details": {"cached_tokens": sum(last.n_cached for last in prompts)},
    }
