"""What OpenAI's requests for text have in common, typed (platform.openai.com/docs/api-reference), and Power's extras.

Every field that the SDK knows is honoured or refused by name, and a test walks the SDK's own types. A field that nobody
knows is ignored, as in Ollama, and named in ``X-Power-Ignored-Options``: clients send what other servers take.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from msgspec import Struct

from inference.options import INT32_MAX
from models_app.serving import keep_alive_seconds
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
    """``include_obfuscation``: each piece is filled up, so that who watches the wire can't count its letters."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class Body(Struct, frozen=True, kw_only=True):
    """``options``, ``keep_alive`` and ``truncate`` are Ollama's, for whoever knows them.

    A prompt that is longer than the context is refused, unless ``truncate`` lets its oldest part go.
    """

    LEAST_TOKENS: ClassVar[int] = 1

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
    user: str = ""
    keep_alive: float | str | None = None
    options: dict[str, Any] = {}
    truncate: bool = False

    def __post_init__(self) -> None:
        if not self.model:
            raise BadRequest("model is required", field="model")
        require_range("n", self.n, 1, MAX_CHOICES)
        require_range("max_tokens", self.max_tokens, self.LEAST_TOKENS, INT32_MAX)

    def sampling(self) -> dict[str, Any]:
        """Under Ollama's option names; OpenAI's own fields win over ``options``. None counts as absent."""
        own = {name: getattr(self, name) for name in _SAME_NAME}
        own |= {"num_predict": self.max_predicted, "stop": [self.stop] if isinstance(self.stop, str) else self.stop}
        return self.options | {name: value for name, value in own.items() if value is not None}

    @property
    def n_candidates(self) -> int:
        """Generations for each prompt."""
        return self.n

    @property
    def max_predicted(self) -> int | None:
        return self.max_tokens

    @property
    def account(self) -> str:
        """Who asks, as far as the client says."""
        return self.user

    @property
    def labels(self) -> Mapping[str, str]:
        """What the client says of the request, for the accounts."""
        return {}

    @property
    def kept_seconds(self) -> float | None:
        """Raises BadRequest."""
        return None if self.keep_alive is None else keep_alive_seconds(self.keep_alive)


def require_range(name: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise BadRequest(f"{name} must be between {low} and {high}", field=name)


def require_length(name: str, value: str, most: int) -> None:
    if len(value) > most:
        raise BadRequest(f"{name} must have at most {most} characters", field=name)


def refuse(body: Mapping[str, Any], harmless: Mapping[str, tuple[Any, ...]]) -> None:
    """Fields that can't be honoured, with the values of each that ask for nothing. Raises BadRequest."""
    for name, values in harmless.items():
        if name in body and body[name] not in values:
            raise BadRequest(f"{name} is not supported by this server", field=name)


def unknown_fields(body: Mapping[str, Any], kind: type[Struct], *, known: Iterable[str] = ()) -> tuple[str, ...]:
    """Names that mean nothing here. ``known`` are those that ``refuse`` looks at."""
    return tuple(sorted(body.keys() - set(kind.__struct_encode_fields__) - set(known)))
