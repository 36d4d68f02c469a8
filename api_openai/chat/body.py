"""A chat completion's request, typed (platform.openai.com/docs/api-reference/chat/create).

Accepted as the hints they are, because they ask for nothing that isn't done anyway: ``prompt_cache_*`` (the KV cache
keeps what it can), ``prediction`` (nothing is taken of it, and the usage says so) and ``service_tier`` (there is one).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

from api_openai.body import Body, refuse, require_length, require_range
from api_openai.chat.message import Message
from inference.options import INT32_MAX
from power_site.http import BadRequest

MAX_LABELS, MAX_LABEL_NAME, MAX_LABEL = 16, 64, 512  # OpenAI's bounds of metadata
MAX_USER_CHARS = 512


class JSONSchema(Struct, frozen=True, kw_only=True):
    name: str = ""
    description: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class ResponseFormat(Struct, frozen=True, kw_only=True):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JSONSchema | None = None


class Reasoning(Struct, frozen=True, kw_only=True):
    """As on ``/v1/responses``; Ollama takes it here too."""

    effort: str | None = None


class Prediction(Struct, frozen=True, kw_only=True):
    type: Literal["content"]
    content: str | list[dict[str, Any]]


class CacheOptions(Struct, frozen=True, kw_only=True):
    mode: Literal["implicit", "explicit"] = "implicit"
    ttl: str = ""


class ChatBody(Body, frozen=True, kw_only=True):
    """``think`` and ``_debug_render_only`` are Ollama's; ``functions`` and ``function_call`` are the old names of tools
    and their choice."""

    messages: list[Message] = field(default_factory=list)
    max_completion_tokens: int | None = None
    logprobs: bool = False
    top_logprobs: int = 0
    response_format: ResponseFormat | None = None
    tools: list[Any] = field(default_factory=list)
    tool_choice: str | dict[str, Any] = ""
    parallel_tool_calls: bool = True
    functions: list[Any] = field(default_factory=list)
    function_call: str | dict[str, Any] = ""
    reasoning_effort: str = ""
    reasoning: Reasoning = Reasoning()
    think: bool | str | None = None
    safety_identifier: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    prompt_cache_key: str = ""
    prompt_cache_options: CacheOptions | None = None
    prompt_cache_retention: Literal["in_memory", "in-memory", "24h"] | None = None
    prediction: Prediction | None = None
    service_tier: Literal["auto", "default", "flex", "scale", "priority", "fast"] | None = None
    debug_render_only: bool = field(default=False, name="_debug_render_only")

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("top_logprobs", self.top_logprobs, 0, 20)
        require_range("max_completion_tokens", self.max_completion_tokens, 1, INT32_MAX)
        require_length("user", self.user, MAX_USER_CHARS)
        require_length("safety_identifier", self.safety_identifier, MAX_USER_CHARS)
        check_labels(self.metadata)
        if self.top_logprobs and not self.logprobs:
            raise BadRequest("top_logprobs needs logprobs to be true", field="top_logprobs")
        if not self.messages:
            raise BadRequest("[] is too short - 'messages'", field="messages")

    @property
    def max_predicted(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens

    @property
    def wanted_logprobs(self) -> int | None:
        return self.top_logprobs if self.logprobs else None

    @property
    def account(self) -> str:
        return self.safety_identifier or self.user

    @property
    def labels(self) -> Mapping[str, str]:
        return self.metadata

    @property
    def is_legacy(self) -> bool:
        return bool(self.functions)


def check_labels(metadata: Mapping[str, str]) -> None:
    if len(metadata) > MAX_LABELS:
        raise BadRequest(f"metadata must have at most {MAX_LABELS} entries", field="metadata")
    for name, value in metadata.items():
        if len(name) > MAX_LABEL_NAME or len(value) > MAX_LABEL:
            bounds = f"{MAX_LABEL_NAME} characters in a name and {MAX_LABEL} in a value"
            raise BadRequest(f"metadata must have at most {bounds}", field="metadata")


REFUSED: dict[str, tuple[Any, ...]] = {
    "audio": (),
    "modalities": (["text"], []),
    "moderation": (),
    "store": (False,),
    "verbosity": ("medium",),
    "web_search_options": (),
}
"""What can't be honoured, with the values that ask for nothing beyond what happens anyway."""


def refuse_unsupported(body: Mapping[str, Any]) -> None:
    refuse(body, REFUSED)
