"""A message's request, typed (platform.claude.com/docs/en/api/messages; the SDK's MessageCreateParams), and Power's
extras.

Every field that the SDK knows is honoured, is a hint that changes no answer, or is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct, field

from api_anthropic.errors import ThreadNotSupported
from inference.options import INT32_MAX
from power_site.http import BadRequest

# Where neither the request nor the model says otherwise.
DEFAULTS = {"temperature": 1.0, "top_p": 1.0}
MAX_MESSAGES = 100_000  # the API's own limit

# What a client may say of caches, prices, places and accounts: the answer is the same without it.
HINTS = frozenset(
    [
        *("betas", "billing_policy", "cache_control", "diagnostics", "inference_geo", "service_tier", "speed"),
        *("user_profile_id", "workspace_id"),
    ]
)
# Field → the values of it that ask for nothing.
REFUSED: dict[str, tuple[Any, ...]] = {
    "compaction": (),
    "container": (),
    "fallback_credit_token": (),
    "fallbacks": ([],),
    "mcp_servers": ([],),
}


class MessageParam(Struct, frozen=True, kw_only=True):
    role: Literal["user", "assistant", "system"]
    content: str | list[dict[str, Any]]


class ThinkingParam(Struct, frozen=True, kw_only=True):
    type: Literal["enabled", "disabled", "adaptive", "between_tools"]
    budget_tokens: int | None = None
    display: Literal["summarized", "omitted"] | None = None


class FormatParam(Struct, frozen=True, kw_only=True):
    type: Literal["json_schema"]
    schema: dict[str, Any]


class OutputConfig(Struct, frozen=True, kw_only=True):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: FormatParam | None = None
    task_budget: Any = None


class Metadata(Struct, frozen=True, kw_only=True):
    user_id: str | None = None


class Body(Struct, frozen=True, kw_only=True):
    """What counting and answering have in common: all that the prompt is made of. ``options`` and ``keep_alive`` are
    Ollama's, for whoever knows them; ``output_format`` is what ``output_config.format`` was called in beta."""

    model: str = ""
    messages: list[MessageParam] = field(default_factory=list)
    system: str | list[dict[str, Any]] = ""
    tools: list[Any] = field(default_factory=list)
    tool_choice: dict[str, Any] | None = None
    thinking: ThinkingParam | None = None
    output_config: OutputConfig = OutputConfig()
    output_format: FormatParam | None = None
    context_management: dict[str, Any] | None = None
    cache_control: Any = None
    options: dict[str, Any] = field(default_factory=dict)
    keep_alive: float | str | None = None

    def __post_init__(self) -> None:
        if not self.model:
            raise BadRequest("model is required", field="model")
        if not self.messages:
            raise BadRequest("messages is required", field="messages")
        if len(self.messages) > MAX_MESSAGES:
            raise BadRequest(f"messages: at most {MAX_MESSAGES} are taken", field="messages")
        if self.output_config.task_budget is not None:
            raise BadRequest("output_config.task_budget is not supported by this server", field="output_config")

    @property
    def format(self) -> FormatParam | None:
        return self.output_config.format or self.output_format

    def sampling(self) -> dict[str, Any]:
        return self.options


class MessageBody(Body, frozen=True, kw_only=True):
    """``max_tokens`` 0 reads the prompt into the cache and answers nothing."""

    max_tokens: int = -1
    stream: bool = False
    stop_sequences: list[str] = field(default_factory=list)
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    metadata: Metadata = Metadata()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.max_tokens <= INT32_MAX:
            raise BadRequest("max_tokens is required and must be positive", field="max_tokens")
        budget = self.thinking.budget_tokens if self.thinking is not None else None
        if budget is not None and budget >= self.max_tokens > 0:
            raise BadRequest("max_tokens must be greater than thinking.budget_tokens", field="max_tokens")

    def sampling(self) -> dict[str, Any]:
        """Under Ollama's option names; Anthropic's own fields win over ``options``."""
        own = {name: getattr(self, name) for name in ("temperature", "top_k", "top_p")}
        given = {name: value for name, value in own.items() if value is not None}
        return self.options | given | {"num_predict": self.max_tokens}


def refuse_unsupported(fields: Mapping[str, Any]) -> None:
    """Raises BadRequest naming the field that would change the answer and can't be honoured."""
    if "thread" in fields:
        raise ThreadNotSupported
    for name, harmless in REFUSED.items():
        if name in fields and fields[name] not in harmless:
            raise BadRequest(f"{name} is not supported by this server", field=name)


def unknown_fields(fields: Mapping[str, Any]) -> Iterable[str]:
    """What no SDK of today sends. Taken, because tomorrow's would otherwise not work at all, and named in a header."""
    known = HINTS.union(REFUSED, ["thread"], MessageBody.__struct_encode_fields__)
    return (name for name in fields if name not in known)
