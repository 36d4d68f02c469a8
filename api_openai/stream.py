"""The frame both streamed answers share: events in, server-sent events out, ``[DONE]`` last.

What is the same in every chunk is built once per choice; a token costs one dumps of its text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import orjson

from api_openai.choices import Items
from api_openai.errors import error_body
from api_openai.identity import Identity, usage
from inference.errors import ShuttingDown
from inference.events import Event, Finished, TextDelta, ThinkingDelta, TokenLogprob

DONE = b"data: [DONE]\n\n"


class StreamEncoder(ABC):
    """``per_prompt`` choices answer one prompt. With ``include_usage`` one more chunk has the sums."""

    kind: str

    def __init__(self, identity: Identity, *, include_usage: bool, per_prompt: int = 1) -> None:
        self._identity = identity
        self._include_usage = include_usage
        self._per_prompt = per_prompt
        self._finished: dict[int, Finished] = {}
        head = orjson.dumps(identity.head(self.kind))
        self._head = b"data: " + head[:-1] + b',"choices":[{"index":'
        self._tail = b'}],"usage":null}\n\n' if include_usage else b"}]}\n\n"

    def encode(self, items: Items) -> bytes:
        return b"".join([self._choice(index, event) for index, events in items for event in events])

    def fail(self, error: Exception) -> bytes:
        return b"data: " + error_body(error) + b"\n\n"

    def finish(self) -> bytes:
        if not self._include_usage:
            return DONE
        total = usage(self._finished, per_prompt=self._per_prompt)
        chunk = {**self._identity.head(self.kind), "choices": [], "usage": total}
        return b"data: " + orjson.dumps(chunk) + b"\n\n" + DONE

    @abstractmethod
    def opening(self, index: int) -> bytes:
        """Sent once per choice, before anything of it; may be empty."""

    @abstractmethod
    def text(self, index: int, text: str, logprobs: Sequence[TokenLogprob]) -> bytes: ...

    @abstractmethod
    def thinking(self, index: int, text: str) -> bytes: ...

    @abstractmethod
    def closing(self, index: int, reason: str) -> bytes: ...

    def chunk(self, index: int, body: bytes, *, reason: str | None = None, logprobs: Any = None) -> bytes:
        """``body`` is the choice's own member, as in ``"delta":{…}``."""
        extra = b',"logprobs":' + orjson.dumps(logprobs) if logprobs else b""
        ending = b',"finish_reason":' + (b'"' + reason.encode() + b'"' if reason else b"null")
        return b"".join((self._head, b"%d," % index, body, extra, ending, self._tail))

    def _choice(self, index: int, event: Event) -> bytes:
        if isinstance(event, TextDelta):
            return self.text(index, event.text, event.logprobs) if event.text or event.logprobs else b""
        if isinstance(event, ThinkingDelta):
            return self.thinking(index, event.text)
        if isinstance(event, Finished):
            return self._last(index, event)
        return b""

    def _last(self, index: int, event: Finished) -> bytes:
        if event.reason == "shutdown":
            raise ShuttingDown  # OpenAI has no finish reason for half an answer; an error is one
        self._finished[index] = event
        return self.closing(index, event.reason)
