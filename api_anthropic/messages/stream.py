"""The events of a streamed message, in Anthropic's order (platform.claude.com/docs/en/build-with-claude/streaming).

message_start; for each block content_block_start, its deltas, content_block_stop; message_delta; message_stop. ``ping``
may stand anywhere, before the first of them too: the SDKs skip it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from api_anthropic.errors import error_body
from api_anthropic.messages.blocks import call_block, text_block, thinking_block
from api_anthropic.messages.reply import Reply
from api_anthropic.messages.signature import signed
from inference.events import Event, Finished, Started, TextDelta, ThinkingDelta, ToolCall

PING = b'event: ping\ndata: {"type":"ping"}\n\n'


class MessageEncoder:
    """One per answer. ``begin`` comes before the first ``encode``."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._started: Started | None = None
        self._has_begun = False
        self._index = -1
        self._open: type | None = None
        self._thinking: list[str] = []
        self._n_thinking = 0
        self._has_calls = False

    def begin(self, started: Started) -> None:
        self._started = started

    def encode(self, events: list[Event]) -> bytes:
        if not events:  # a long call is on its way
            return PING
        return self._beginning() + b"".join([self._event(event) for event in events])

    def fail(self, error: Exception) -> bytes:
        return b"event: error\ndata: " + error_body(error) + b"\n\n"

    def finish(self) -> bytes:
        return _sse("message_stop")

    def _beginning(self) -> bytes:
        if self._has_begun:
            return b""
        self._has_begun = True
        assert self._started is not None, "an answer has started before its first event"
        usage = self._reply.usage(self._started) | {
            "cache_creation": None,
            "inference_geo": None,
            "service_tier": "standard",
        }
        return _sse("message_start", message=self._reply.message(content=[], usage=usage))

    def _event(self, event: Event) -> bytes:
        if isinstance(event, TextDelta):
            return self._text(event.text) if event.text else b""
        if isinstance(event, ThinkingDelta):
            self._n_thinking += event.n_tokens
            return self._thought(event.text) if event.text else b""
        if isinstance(event, ToolCall):
            return self._call(event)
        return self._end(event) if isinstance(event, Finished) else b""

    def _text(self, text: str) -> bytes:
        opening = b"" if self._open is TextDelta else self._start(TextDelta, text_block(""))
        return opening + self._delta(b'"type":"text_delta","text":' + orjson.dumps(text))

    def _thought(self, text: str) -> bytes:
        opening = b""
        if self._open is not ThinkingDelta:
            opening = self._start(ThinkingDelta, thinking_block("", signature=""))
        self._thinking.append(text)
        if not self._reply.shows_thinking:
            return opening
        return opening + self._delta(b'"type":"thinking_delta","thinking":' + orjson.dumps(text))

    def _call(self, call: ToolCall) -> bytes:
        self._has_calls = True
        opening = self._start(ToolCall, call_block(call.name, {}))
        return opening + self._delta(b'"type":"input_json_delta","partial_json":' + orjson.dumps(call.arguments))

    def _start(self, kind: type, block: Mapping[str, Any]) -> bytes:
        closing = self._stop()
        self._open = kind
        self._index += 1
        return closing + _sse("content_block_start", index=self._index, content_block=block)

    def _stop(self) -> bytes:
        """Of the block that is open, if one is. Thoughts are signed when they are whole."""
        if self._open is None:
            return b""
        signature = b""
        if self._open is ThinkingDelta:
            signed_ = signed("".join(self._thinking), shown=self._reply.shows_thinking)
            signature = self._delta(b'"type":"signature_delta","signature":' + orjson.dumps(signed_))
            self._thinking = []
        self._open = None
        return signature + _sse("content_block_stop", index=self._index)

    def _delta(self, body: bytes) -> bytes:
        """Made by hand: there is one for nearly every token."""
        head = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{' % self._index
        return head + body + b"}}\n\n"

    def _end(self, finished: Finished) -> bytes:
        ending = self._reply.ending(finished, has_calls=self._has_calls)
        usage = self._reply.usage(finished, n_output=finished.n_generated, n_thinking=self._n_thinking)
        delta = {"container": None, "stop_details": None, **ending}
        return self._stop() + _sse("message_delta", delta=delta, usage=usage, **self._reply.context_management())


def _sse(kind: str, **fields: Any) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + orjson.dumps({"type": kind, **fields}) + b"\n\n"
