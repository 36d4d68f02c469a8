"""What a generation tells its caller, in this order: Started, any number of deltas, then one of Finished or Failed.

For embeddings the same: Started, any number of Embedded, and the end; for a TokenizeRequest: Started, Tokenized, and
the end.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from inference import errors

FinishReason = Literal["stop", "length", "shutdown"]


class TokenLogprob(Struct, frozen=True, array_like=True):
    """``logprob`` is the natural logarithm under the unmodified distribution; ``data`` the token's bytes."""

    token: int
    data: bytes
    logprob: float
    top: tuple[TokenLogprob, ...] = ()


class Started(Struct, frozen=True, array_like=True, tag="started"):
    """The prompt is tokenized, fits, and has a slot: from here on only the engine itself can fail.

    ``n_cached`` of the ``n_prompt`` tokens were taken from the KV cache. ``n_dropped_*`` say what truncation removed.
    ``thinking_open``: the prompt ends inside the request's ``thinking``, so the answer begins with thoughts.
    """

    n_prompt: int
    n_cached: int
    n_ctx: int
    queue_seconds: float = 0.0
    n_dropped_messages: int = 0
    n_dropped_tokens: int = 0
    thinking_open: bool = False


class TextDelta(Struct, frozen=True, array_like=True, tag="text"):
    """Whole characters of the answer, made from ``n_tokens`` tokens."""

    text: str
    n_tokens: int = 1
    logprobs: tuple[TokenLogprob, ...] = ()


class PromptLogprobs(Struct, frozen=True, array_like=True, tag="prompt_logprobs"):
    """Tokens of the prompt from number ``start`` on, each under those before it; ``data`` is what it is written as,
    control tokens too. Token 0 has nothing before it: its logprob means nothing. They come in order, before any text.
    """

    start: int
    tokens: tuple[TokenLogprob, ...]


class ThinkingDelta(Struct, frozen=True, array_like=True, tag="thinking"):
    text: str
    n_tokens: int = 1


class ToolCall(Struct, frozen=True, array_like=True, tag="tool_call"):
    """One whole call. ``arguments`` is a JSON object as text, in the model's own key order."""

    name: str
    arguments: str


class Embedded(Struct, frozen=True, array_like=True, tag="embedded"):
    """Some inputs of an EmbedRequest, by their ``indexes``, and their vectors one after another: float32,
    little-endian."""

    indexes: tuple[int, ...]
    data: bytes


class Tokenized(Struct, frozen=True, array_like=True, tag="tokenized"):
    """The answer to a TokenizeRequest. ``pieces`` are what each token is written as, control tokens too; numbers below
    0 stand for parts of an image or a sound, and have none. Both are empty where only ``n_tokens`` was asked for.

    ``n_ctx``: tokens that a sequence may have here."""

    n_tokens: int
    n_ctx: int
    tokens: tuple[int, ...] = ()
    pieces: tuple[bytes, ...] = ()


class Finished(Struct, frozen=True, array_like=True, tag="finished"):
    """``stop_sequence`` is the caller's stop string that ended it, if any. ``context``: prompt and answer tokens."""

    reason: FinishReason
    n_prompt: int
    n_cached: int
    n_generated: int
    prompt_seconds: float
    decode_seconds: float
    stop_sequence: str | None = None
    context: tuple[int, ...] = ()


class Failed(Struct, frozen=True, array_like=True, tag="failed"):
    """``error`` names a class of ``inference.errors``, the nearest; ``attributes`` are what its instances carry."""

    error: str
    message: str
    attributes: dict[str, str | int | float] = {}

    @classmethod
    def of(cls, error: errors.InferenceError) -> Failed:
        known = next(kind for kind in type(error).__mro__ if getattr(errors, kind.__name__, None) is kind)
        return cls(error=known.__name__, message=str(error), attributes=dict(vars(error)))

    def exception(self) -> errors.InferenceError:
        """The error as it was raised on the other side; a name this side does not know becomes ``ModelFailed``."""
        kind = getattr(errors, self.error, None)
        if not (isinstance(kind, type) and issubclass(kind, errors.InferenceError)):
            kind = errors.ModelFailed
        error = kind.__new__(kind)
        # The constructors build the message; this one arrives built.
        Exception.__init__(error, self.message)
        vars(error).update(self.attributes)
        return error


Event = Started | PromptLogprobs | TextDelta | ThinkingDelta | ToolCall | Embedded | Tokenized | Finished | Failed
