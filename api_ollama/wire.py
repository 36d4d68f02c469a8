"""Ollama's requests (api/types.go), typed. Names are matched without case, null is absent, unknown fields are ignored.

Fields that this server can't honour yet are decoded all the same, so that a view refuses them instead of dropping them.
"""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec import Struct, field

from api_ollama.images import decoded_images
from inference.request import Message
from models_app.serving import keep_alive_seconds
from models_app.serving.tools import Tool, ToolChoice, parse_tool_calls, parse_tool_choice, parse_tools
from power_site.http import BadRequest, convert, fold_keys

T = TypeVar("T")

THINK_LEVELS = ("high", "medium", "low", "max")


class MessageBody(Struct, frozen=True, kw_only=True):
    role: str = ""
    content: str = ""
    thinking: str = ""
    images: list[Any] = []
    tool_calls: list[Any] = []
    tool_name: str = ""
    tool_call_id: str = ""

    def message(self, path: str = "message") -> Message:
        """Raises BadRequest for calls or images that are none, with their place: ``path`` is the message's own."""
        return Message(
            role=self.role.lower(),
            content=self.content,
            thinking=self.thinking,
            images=decoded_images(self.images, f"{path}.images"),
            tool_calls=parse_tool_calls(self.tool_calls, f"{path}.tool_calls"),
            tool_name=self.tool_name,
            tool_call_id=self.tool_call_id,
        )


class InferenceBody(Struct, frozen=True, kw_only=True):
    """What generate and chat have in common."""

    model: str = ""
    stream: bool = True
    format: Any = None
    keep_alive: float | str | None = None
    options: dict[str, Any] = {}
    think: bool | str | None = None
    truncate: bool = True
    shift: bool = True
    logprobs: bool = False
    top_logprobs: int = 0
    debug_render_only: bool = field(name="_debug_render_only", default=False)

    def __post_init__(self) -> None:
        if not 0 <= self.top_logprobs <= 20:
            raise BadRequest("top_logprobs must be between 0 and 20", field="top_logprobs")
        if isinstance(self.think, str) and self.think not in THINK_LEVELS:
            levels = ", ".join(f'"{level}"' for level in THINK_LEVELS)
            raise BadRequest(
                f'invalid think value: "{self.think[:64]}" (must be {levels}, true, or false)', field="think"
            )

    @property
    def wanted_logprobs(self) -> int | None:
        return self.top_logprobs if self.logprobs else None

    def keep_alive_seconds(self) -> float | None:
        """None when unset; inf for ever. A string has to be a Go duration: ``"10"`` lacks its unit."""
        return None if self.keep_alive is None else keep_alive_seconds(self.keep_alive)


class GenerateBody(InferenceBody, frozen=True, kw_only=True):
    prompt: str = ""
    suffix: str = ""
    system: str = ""
    template: str = ""
    context: list[int] | None = None
    raw: bool = False
    images: list[Any] = []


class ChatBody(InferenceBody, frozen=True, kw_only=True):
    messages: list[MessageBody] = []
    tools: list[Any] = []
    tool_choice: Any = None

    def chosen_tools(self) -> tuple[tuple[Tool, ...], ToolChoice]:
        """``tool_choice`` is OpenAI's; Ollama has no such field. Raises BadRequest."""
        tools = parse_tools(self.tools)
        return tools, parse_tool_choice(self.tool_choice, tools)

    def turns(self) -> list[Message]:
        return [message.message(f"messages[{index}]") for index, message in enumerate(self.messages)]


class ShowBody(Struct, frozen=True, kw_only=True):
    model: str = ""
    name: str = ""
    system: str = ""
    verbose: bool = False


class DeleteBody(Struct, frozen=True, kw_only=True):
    model: str = ""
    name: str = ""


class PullBody(Struct, frozen=True, kw_only=True):
    """``insecure`` is accepted as Ollama accepts it, which ignores it here: only a setting opens private hosts."""

    model: str = ""
    name: str = ""
    insecure: bool = False
    stream: bool = True


class PushBody(Struct, frozen=True, kw_only=True):
    model: str = ""
    name: str = ""
    destination: str = ""
    insecure: bool = False
    stream: bool = True


class CreateBody(Struct, frozen=True, kw_only=True):
    """``license`` is a text or a list of texts; ``modelfile`` counts where neither ``from`` nor ``files`` are given."""

    model: str = ""
    name: str = ""
    stream: bool = True
    source: str = field(name="from", default="")
    files: dict[str, str] | None = None
    adapters: dict[str, str] | None = None
    draft_files: dict[str, str] | None = None
    template: str = ""
    system: str = ""
    license: Any = None
    parameters: dict[str, Any] = {}
    messages: list[MessageBody] = []
    quantize: str = ""
    quantization: str = ""
    draft_quantize: str = ""
    renderer: str = ""
    parser: str = ""
    requires: str = ""
    info: dict[str, Any] = {}
    remote_host: str = ""
    modelfile: str = ""


class CopyBody(Struct, frozen=True, kw_only=True):
    source: str = ""
    destination: str = ""


def decode(body: dict[str, Any], into: type[T]) -> T:
    """Raises BadRequest naming the field."""
    folded = fold_keys(body)
    messages = folded.get("messages")
    if isinstance(messages, list):
        folded = folded | {"messages": [_fold_message(message) for message in messages]}
    return convert(folded, into)


def _fold_message(message: Any) -> Any:
    if not isinstance(message, dict):
        return message
    return {name: value for name, value in fold_keys(message).items() if value is not None}
