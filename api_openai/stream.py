"""The frame both streamed answers share: events in, server-sent events out, ``[DONE]`` last.

What is the same in every chunk is built once per choice; a token costs one dumps of its text.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import orjson

from api_openai.choices import Items
from api_openai.errors import NO_FIELDS, Fields, error_body
from api_openai.identity import Identity, usage
from inference.errors import ShuttingDown
from inference.events import Event, Finished, TextDelta, ThinkingDelta, TokenLogprob, ToolCall
from power_site.streams import SSE_COMMENT

DONE = b"data: [DONE]\n\n"
# Bytes of a piece and its obfuscation together are a multiple of this.
OBFUSCATION_BYTES = 32


class StreamEncoder(ABC):
    """``per_prompt`` choices answer one prompt. With ``include_usage`` one more chunk has the sums.

    ``obfuscates``: every chunk is filled up with random letters, so that its size tells little of its text.
    """

    kind: str
    fields: Fields = NO_FIELDS

    def __init__(
        self, identity: Identity, *, include_usage: bool, per_prompt: int = 1, obfuscates: bool = False
    ) -> None:
        self._identity = identity
        self._include_usage = include_usage
        self._per_prompt = per_prompt
        self._obfuscates = obfuscates
        self._finished: dict[int, Finished] = {}
        self._n_thinking = 0
        head = orjson.dumps(identity.head(self.kind))
        self._head = b"data: " + head[:-1] + b',"choices":[{"index":'
        self._tail = b'}],"usage":null' if include_usage else b"}]"

    def encode(self, items: Items) -> bytes:
        """A comment where there is nothing but that the answer goes on."""
        if not any(events for _, events in items):
            return SSE_COMMENT
        return b"".join([self._choice(index, event) for index, events in items for event in events])

    def fail(self, error: Exception) -> bytes:
        return b"data: " + error_body(error, self.fields) + b"\n\n"

    def finish(self) -> bytes:
        if not self._include_usage:
            return DONE
        total = usage(self._finished, per_prompt=self._per_prompt, n_thinking=self._n_thinking)
        chunk = {**self._identity.head(self.kind), "choices": [], "usage": total}
        return b"data: " + orjson.dumps(chunk) + b"\n\n" + DONE

    @abstractmethod
    def opening(self, index: int) -> bytes:
        """Sent once per choice, before anything of it; may be empty."""

    @abstractmethod
    def text(self, index: int, text: str, logprobs: Sequence[TokenLogprob]) -> bytes: ...

    @abstractmethod
    def thinking(self, index: int, text: str) -> bytes: ...

    def call(self, index: int, call: ToolCall) -> bytes:
        """Only chats have calls."""
        return b""

    @abstractmethod
    def closing(self, index: int, finished: Finished) -> bytes: ...

    def chunk(self, index: int, body: bytes, *, reason: str | None = None, logprobs: Any = None) -> bytes:
        """``body`` is the choice's own member, as in ``"delta":{…}``."""
        extra = b',"logprobs":' + orjson.dumps(logprobs) if logprobs else b""
        ending = b',"finish_reason":' + (b'"' + reason.encode() + b'"' if reason else b"null")
        filling = _filling(len(body)) if self._obfuscates else b""
        return b"".join((self._head, b"%d," % index, body, extra, ending, self._tail, filling, b"}\n\n"))

    def _choice(self, index: int, event: Event) -> bytes:
        if isinstance(event, TextDelta):
            return self.text(index, event.text, event.logprobs) if event.text or event.logprobs else b""
        if isinstance(event, ThinkingDelta):
            self._n_thinking += event.n_tokens
            return self.thinking(index, event.text) if event.text else b""
        if isinstance(event, ToolCall):
            return self.call(index, event)
        if isinstance(event, Finished):
            return self._last(index, event)
        return b""

    def _last(self, index: int, event: Finished) -> bytes:
        if event.reason == "shutdown":
            raise ShuttingDown  # OpenAI has no finish reason for half an answer; an error is one
        self._finished[index] = event
        return self.closing(index, event)


def _filling(n_bytes: int) -> bytes:
    return b',"obfuscation":"%b"' % secrets.token_urlsafe(OBFUSCATION_BYTES)[: -n_bytes % OBFUSCATION_BYTES].encode()
