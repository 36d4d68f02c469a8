"""OpenAI's requests, typed (platform.openai.com/docs/api-reference: chat and completions), and Power's few extras.

Fields without a meaning here (``user``, ``metadata``, ``store`` and the like) are accepted; those that would change the
answer and can't be honoured yet are refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from inference.options import INT32_MAX
from power_site.http import BadRequest

MAX_CHOICES = 8
MAX_PROMPTS = 64

# Where neither the request nor the model says otherwise (Ollama's FromChatRequest overrides the model; here it stands).
DEFAULTS = {"temperature": 1.0, "top_p": 1.0}
_SAME_NAME = (
    "temperature", "top_p", "top_k", "min_p", "repeat_penalty", "seed", "frequency_penalty", "presence_penalty",
    "logit_bias",
)  # fmt: skip


class StreamOptions(Struct, frozen=True, kw_only=True):
    include_usage: bool = False


class Body(Struct, frozen=True, kw_only=True):
    """What both endpoints have in common. ``options`` and ``keep_alive`` are Ollama's, for whoever knows them."""

    model: str = ""
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    n: int = 1
    max_tokens: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: dict[str, Any] | None = None
    keep_alive: float | str | None = None
    options: dict[str, Any] = {}

    def __post_init__(self) -> None:
        if not self.model:
            raise BadRequest("model is required", field="model")
        require_range("n", self.n, 1, MAX_CHOICES)
        require_range("max_tokens", self.max_tokens, 1, INT32_MAX)

    def sampling(self) -> dict[str, Any]:
        """Under Ollama's option names; OpenAI's own fields win over ``options``. None counts as absent."""
        own = {name: getattr(self, name) for name in _SAME_NAME}
        own |= {"num_predict": self.max_predicted, "stop": [self.stop] if isinstance(self.stop, str) else self.stop}
        return self.options | {name: value for name, value in own.items() if value is not None}

    @property
    def max_predicted(self) -> int | None:
        return self.max_tokens


def require_range(name: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise BadRequest(f"{name} must be between {low} and {high}", field=name)


def refuse(body: Mapping[str, Any], not_yet: Mapping[str, tuple[Any, ...]]) -> None:
    for name, harmless in not_yet.items():
        if name in body and body[name] not in harmless:
            raise BadRequest(f"{name} is not supported by this server yet", field=name)
