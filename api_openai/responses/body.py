"""A response's request, typed (platform.openai.com/docs/api-reference/responses/create), and Power's few extras.

Every field that the SDK knows is here: honoured, taken as the hint or the label it is, or refused by name.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from api_openai.body import require_length, require_range
from api_openai.chat.body import MAX_USER_CHARS, check_labels
from inference.options import INT32_MAX
from power_site.http import BadRequest

LOGPROBS, ENCRYPTED = "message.output_text.logprobs", "reasoning.encrypted_content"
# What else may be asked for are the results of OpenAI's own tools, of which no answer here has any.
INCLUDABLE = frozenset(
    {
        LOGPROBS,
        ENCRYPTED,
        "code_interpreter_call.outputs",
        "computer_call_output.output.image_url",
        "file_search_call.results",
        "message.input_image.image_url",
        "web_search_call.action.sources",
        "web_search_call.results",
    }
)
Summary = Literal["auto", "concise", "detailed"]

# Field → the values that ask for nothing beyond what happens anyway.
NOT_SUPPORTED: dict[str, tuple[Any, ...]] = {
    "access_programs": (),
    "background_options": ({}, {"completion_window": "soonest"}),
    "context_management": ([],),
    "conversation": (),
    "image": (),
    "moderation": (),
    "prompt": (),
}


class Reasoning(Struct, frozen=True, kw_only=True):
    """``context``: which thoughts of earlier turns the model is shown; all that its template shows, unless told."""

    effort: str | None = None
    summary: Summary | None = None
    generate_summary: Summary | None = None
    context: Literal["auto", "current_turn"] | None = None
    mode: Literal["standard"] | None = None

    @property
    def wants_summary(self) -> bool:
        return bool(self.summary or self.generate_summary)


class TextFormat(Struct, frozen=True, kw_only=True):
    type: Literal["text", "json_object", "json_schema"] = "text"
    name: str | None = None
    description: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None

    def __post_init__(self) -> None:
        if self.type == "json_schema" and (self.schema is None or not self.name):
            field = "text.format.schema" if self.name else "text.format.name"
            raise BadRequest(f"{field} is required", field=field)


class Text(Struct, frozen=True, kw_only=True):
    """There is one verbosity: no model here knows of others."""

    format: TextFormat | None = None
    verbosity: Literal["medium"] | None = None


class StreamOptions(Struct, frozen=True, kw_only=True):
    include_obfuscation: bool | None = None


class PromptCacheOptions(Struct, frozen=True, kw_only=True):
    """The KV cache keeps prefixes of itself, for as long as it has room."""

    mode: Literal["implicit"] | None = None
    ttl: str | None = None
    prewarm: bool | None = None
    comparison_response_id: None = None

    def __post_init__(self) -> None:
        if self.prewarm:
            field = "prompt_cache_options.prewarm"
            raise BadRequest(f"{field} is not supported by this server", field=field)


class ResponseBody(Struct, frozen=True, kw_only=True):
    """``input`` is a text of the user's or a list of items. ``options`` and ``keep_alive`` are Ollama's; the rest of
    the extras are options under OpenAI's names elsewhere."""

    model: str = ""
    input: str | list[dict[str, Any]] | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    store: bool = True
    background: bool = False
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    tools: list[dict[str, Any]] = []
    tool_choice: str | dict[str, Any] = "auto"
    parallel_tool_calls: bool = True
    max_tool_calls: int | None = None
    text: Text = Text()
    reasoning: Reasoning | None = None
    include: list[str] = []
    truncation: Literal["auto", "disabled"] = "disabled"
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_logprobs: int | None = None
    metadata: dict[str, str] = {}
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: Literal["in_memory", "in-memory", "24h"] | None = None
    prompt_cache_options: PromptCacheOptions | None = None
    service_tier: str | None = None
    stop: str | list[str] | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    keep_alive: float | str | None = None
    options: dict[str, Any] = {}

    def __post_init__(self) -> None:
        if not self.model:
            raise BadRequest("model is required", field="model")
        require_range("max_output_tokens", self.max_output_tokens, 1, INT32_MAX)
        require_range("max_tool_calls", self.max_tool_calls, 1, INT32_MAX)
        require_range("top_logprobs", self.top_logprobs, 0, 20)
        check_labels(self.metadata)
        for name in ("user", "safety_identifier"):
            require_length(name, getattr(self, name) or "", MAX_USER_CHARS)
        for index, name in enumerate(self.include):
            if name not in INCLUDABLE:
                raise BadRequest(f"include: {name[:64]!r} is not known", field=f"include[{index}]")
        if self.background and not self.store:
            raise BadRequest("a background response is read from the store: it needs store", field="store")

    @property
    def wanted_logprobs(self) -> int | None:
        """None: no logprobs. Asking for the most likely tokens is asking for logprobs."""
        return self.top_logprobs or 0 if self.top_logprobs or LOGPROBS in self.include else None

    def sampling(self) -> dict[str, Any]:
        """Under Ollama's option names; OpenAI's own fields win over ``options``. None counts as absent."""
        own = {name: getattr(self, name) for name in _SAME_NAME}
        own |= {"num_predict": self.max_output_tokens, "stop": [self.stop] if isinstance(self.stop, str) else self.stop}
        return self.options | {name: value for name, value in own.items() if value is not None}


_SAME_NAME = (
    "temperature", "top_p", "top_k", "min_p", "repeat_penalty", "seed", "frequency_penalty", "presence_penalty",
)  # fmt: skip
