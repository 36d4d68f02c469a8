"""Everything the engine can refuse or fail with.

No class here knows of HTTP: each wire owns a table from these classes to its statuses.

    InferenceError
    ├── BackendNotAvailable      llama-cpp-python is not installed
    ├── ServerBusy               the queue of this model is full
    ├── ShuttingDown             the pool takes no new requests
    ├── RequestCancelled         the caller gave up, or read too slowly
    ├── InvalidRequest           the caller's fault; the message says what to change
    │   ├── InvalidOption        one option, named by ``option``
    │   ├── InvalidConstraint    a schema or grammar that can't be held to, for the reason given
    │   ├── PromptTooLong        longer than the context, and truncation is off or can't help
    │   ├── InputTooLong         the same of a text to be embedded
    │   ├── NotSupported         the model lacks a capability
    │   └── TemplateError        the chat template can't render these messages
    └── ModelFailed              the model's fault or the machine's
        ├── ModelLoadError       the file can't be loaded
        │   ├── ModelTooLarge    the memory it needs is not there
        │   └── LoadTimeout      no progress within load_timeout
        ├── WorkerCrashed        the worker process ended under this request
        ├── CircuitOpen          crashed too often; ``retry_after_seconds`` says when to try again
        ├── DecodeFailed         llama.cpp refused a batch
        └── QuantizeFailed       the weights could not be rewritten as another type

A message is one sentence for the caller and never holds a path, a prompt or a traceback.
"""

from __future__ import annotations

MAX_REASON_CHARS = 300


class InferenceError(Exception):
    """Base of all of them. ``str(error)`` is safe to send to a client."""


class BackendNotAvailable(InferenceError):
    def __init__(self) -> None:
        super().__init__(
            "inference backend not available: llama-cpp-python is not installed; "
            "install it with: pip install 'a3s-power[llama]'"
        )


class ServerBusy(InferenceError):
    def __init__(self) -> None:
        # Two spaces, as Ollama's ErrMaxQueue has them (server/sched.go): clients match on this text.
        super().__init__("server busy, please try again.  maximum pending requests exceeded")


class ShuttingDown(InferenceError):
    def __init__(self) -> None:
        super().__init__("server is shutting down")


class RequestCancelled(InferenceError):
    def __init__(self, reason: str = "request canceled") -> None:
        super().__init__(reason)


class InvalidRequest(InferenceError):
    pass


class InvalidOption(InvalidRequest):
    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


class InvalidConstraint(InvalidRequest):
    """``kind`` is a ``Constraint``'s. A reason of many lines is made one, and cut."""

    def __init__(self, kind: str, reason: str) -> None:
        what = "format" if kind in ("json", "json_schema") else "grammar"
        super().__init__(f"invalid {what}: {' '.join(reason.split())[:MAX_REASON_CHARS]}")
        self.kind = kind


class PromptTooLong(InvalidRequest):
    def __init__(self, *, n_prompt: int, n_ctx: int) -> None:
        super().__init__(
            f"the prompt is longer than the context length currently available: {n_prompt} tokens do not fit in {n_ctx}"
        )
        self.n_prompt = n_prompt
        self.n_ctx = n_ctx


class InputTooLong(InvalidRequest):
    def __init__(self, *, n_input: int, n_ctx: int) -> None:
        # Ollama's words (server/routes.go, EmbedHandler), which clients match on.
        super().__init__("the input length exceeds the context length")
        self.n_input = n_input
        self.n_ctx = n_ctx


class NotSupported(InvalidRequest):
    pass


class TemplateError(InvalidRequest):
    pass


class ModelFailed(InferenceError):
    pass


class ModelLoadError(ModelFailed):
    pass


class ModelTooLarge(ModelLoadError):
    def __init__(self, *, required_bytes: int, available_bytes: int) -> None:
        super().__init__(
            f"model requires more system memory ({required_bytes / 2**30:.1f} GiB) "
            f"than is available ({available_bytes / 2**30:.1f} GiB)"
        )
        self.required_bytes = required_bytes
        self.available_bytes = available_bytes


class LoadTimeout(ModelLoadError):
    pass


class WorkerCrashed(ModelFailed):
    def __init__(self, reason: str) -> None:
        super().__init__(f"model runner has unexpectedly stopped: {reason}")
        self.reason = reason


class CircuitOpen(ModelFailed):
    def __init__(self, *, retry_after_seconds: float) -> None:
        super().__init__("model runner crashed repeatedly; it will be tried again shortly")
        self.retry_after_seconds = retry_after_seconds


class DecodeFailed(ModelFailed):
    pass


class QuantizeFailed(ModelFailed):
    def __init__(self, reason: str) -> None:
        super().__init__(f"the model could not be quantized: {reason[:MAX_REASON_CHARS]}")
