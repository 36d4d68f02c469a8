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
    """``model`` is the name as it was asked for; ``fingerprint`` changes when the model behind the name does.

    ``service_tier`` is named where the request named one: there is only one here.
    """

    id: str
    model: str
    fingerprint: str
    created: int = field(default_factory=lambda: int(time.time()))
    service_tier: str | None = None

    @classmethod
    def of(cls, prefix: str, *, model: str, digest: str, service_tier: str | None = None) -> Identity:
        name = f"{prefix}-{uuid.uuid4().hex}"
        return cls(id=name, model=model, fingerprint=f"fp_{digest[:12]}", service_tier=service_tier)

    def head(self, kind: str) -> dict[str, Any]:
        head = {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
        }
        return head if self.service_tier is None else {**head, "service_tier": self.service_tier}


def usage(finished: Mapping[int, Finished], *, per_prompt: int, n_thinking: int = 0) -> dict[str, Any]:
    """By choice index; ``per_prompt`` choices share a prompt, which counts once. ``n_thinking`` of the tokens were
    thoughts. Of a prediction nothing is ever taken, and nothing is rejected."""
    prompts = [last for index, last in finished.items() if index % per_prompt == 0]
    n_prompt = sum(last.n_prompt for last in prompts)
    n_generated = sum(last.n_generated for last in finished.values())
    return {
        "prompt_tokens": n_prompt,
        "completion_tokens": n_generated,
        "total_tokens": n_prompt + n_generated,
        "prompt_tokens_details": {"cached_tokens": sum(last.n_cached for last in prompts), "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": n_thinking,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
            "audio_tokens": 0,
        },
    }
