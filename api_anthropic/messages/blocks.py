"""An answer's content blocks as they come, and what each is when it is whole. The same for both ways to answer."""

from __future__ import annotations

from typing import Any

import orjson

from api_anthropic.messages.reply import Reply, new_id
from api_anthropic.messages.signature import signed
from inference.events import Event, TextDelta, ThinkingDelta, ToolCall


def text_block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text, "citations": None}


def thinking_block(thinking: str, *, signature: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": thinking, "signature": signature}


def call_block(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "tool_use",
        "id": new_id("toolu"),
        "name": name,
        "input": arguments,
        "caller": {"type": "direct"},
    }


class Content:
    """The blocks of a whole answer, in the order in which the model wrote them."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._blocks: list[tuple[type, list[str] | ToolCall]] = []
        self.n_thinking = 0

    @property
    def has_calls(self) -> bool:
        return any(kind is ToolCall for kind, _ in self._blocks)

    def add(self, event: Event) -> None:
        if isinstance(event, ToolCall):
            self._blocks.append((ToolCall, event))
        elif isinstance(event, TextDelta | ThinkingDelta):
            if isinstance(event, ThinkingDelta):
                self.n_thinking += event.n_tokens
            self._say(type(event), event.text)

    def blocks(self) -> list[dict[str, Any]]:
        return [self._block(kind, what) for kind, what in self._blocks]

    def _say(self, kind: type, text: str) -> None:
        if not text:
            return
        if not self._blocks or self._blocks[-1][0] is not kind:
            self._blocks.append((kind, []))
        texts = self._blocks[-1][1]
        assert isinstance(texts, list)
        texts.append(text)

    def _block(self, kind: type, what: list[str] | ToolCall) -> dict[str, Any]:
        if isinstance(what, ToolCall):
            return call_block(what.name, orjson.loads(what.arguments))
        text = "".join(what)
        if kind is TextDelta:
            return text_block(text)
        shown = self._reply.shows_thinking
        return thinking_block(text if shown else "", signature=signed(text, shown=shown))
