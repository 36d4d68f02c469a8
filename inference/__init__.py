"""Power's engine as a plain library: give it a model's spec and a request, get a stream of events. Knows no Django.

    pool = Pool(PoolConfig(), observer=...)
    stream = await pool.generate(spec, LoadOptions(), GenerateRequest(prompt=...))
    async for events in stream: ...

The pool is imported when it is first asked for: a worker process imports this package too and needs none of asyncio.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inference.config import LoadOptions, PoolConfig
from inference.events import (
    Embedded,
    Event,
    Failed,
    Finished,
    PromptLogprobs,
    Started,
    TextDelta,
    ThinkingDelta,
    Tokenized,
    TokenLogprob,
    ToolCall,
)
from inference.request import (
    ChatPrompt,
    EmbedRequest,
    GenerateRequest,
    Message,
    SamplingOptions,
    TextPrompt,
    TokenizeRequest,
    TokenPrompt,
)
from inference.spec import ModelSpec

if TYPE_CHECKING:
    from inference.pool.embeddings import Embeddings
    from inference.pool.observer import PoolObserver
    from inference.pool.pool import Pool
    from inference.pool.resident import Resident
    from inference.pool.stream import Stream

__all__ = [
    "ChatPrompt",
    "EmbedRequest",
    "Embedded",
    "Embeddings",
    "Event",
    "Failed",
    "Finished",
    "GenerateRequest",
    "LoadOptions",
    "Message",
    "ModelSpec",
    "Pool",
    "PoolConfig",
    "PoolObserver",
    "PromptLogprobs",
    "Resident",
    "SamplingOptions",
    "Started",
    "Stream",
    "TextDelta",
    "TextPrompt",
    "ThinkingDelta",
    "TokenLogprob",
    "TokenPrompt",
    "TokenizeRequest",
    "Tokenized",
    "ToolCall",
]

_LAZY = {
    "Embeddings": "inference.pool.embeddings",
    "Pool": "inference.pool.pool",
    "PoolObserver": "inference.pool.observer",
    "Resident": "inference.pool.resident",
    "Stream": "inference.pool.stream",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)
