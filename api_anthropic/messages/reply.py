"""What is said about an answer, whole or streamed: its id, why it ended, and the tokens it took."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api_anthropic.messages.body import MessageBody
from api_anthropic.messages.walk import blocks_within
from inference.errors import ShuttingDown
from inference.events import Finished, Started


def new_id(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """``caches``: the request marks what is to be cached. ``shows_thinking``: its blocks have the thoughts in them.
    ``edits`` are those of the context that were applied; None where the request asks for none."""

    model: str
    max_tokens: int
    stop_sequences: tuple[str, ...] = ()
    caches: bool = False
    shows_thinking: bool = True
    edits: tuple[dict[str, Any], ...] | None = None
    id: str = field(default_factory=lambda: new_id("msg"))

    @classmethod
    def of(cls, body: MessageBody, fields: Mapping[str, Any], *, edits: Sequence[dict[str, Any]] = ()) -> Reply:
        return cls(
            model=body.model,
            max_tokens=body.max_tokens,
            stop_sequences=tuple(body.stop_sequences),
            caches=_marks_cache(fields),
            shows_thinking=body.thinking is None or body.thinking.display != "omitted",
            edits=None if body.context_management is None else tuple(edits),
        )

    def message(
        self, *, content: list[dict[str, Any]], usage: dict[str, Any], ending: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """``ending`` None: the answer has only begun."""
        return {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "container": None,
            "stop_reason": None,
            "stop_sequence": None,
            "stop_details": None,
            **(ending or {}),
            "usage": usage,
            **self.context_management(),
        }

    def context_management(self) -> dict[str, Any]:
        """To be told with the message, and with its last event."""
        return {} if self.edits is None else {"context_management": {"applied_edits": self.edits}}

    def ending(self, finished: Finished, *, has_calls: bool) -> dict[str, Any]:
        """Raises ShuttingDown: there is no reason for half an answer, and an error is one."""
        stopped_by = finished.stop_sequence if finished.stop_sequence in self.stop_sequences else None
        return {"stop_reason": self._reason(finished, stopped_by, has_calls=has_calls), "stop_sequence": stopped_by}

    def _reason(self, finished: Finished, stopped_by: str | None, *, has_calls: bool) -> str:
        if finished.reason == "shutdown":
            raise ShuttingDown
        if stopped_by is not None:
            return "stop_sequence"  # also in the midst of a call, which is then left out
        if finished.reason == "length":
            # A call is whole or not there; what came before may have been cut, and calls with it.
            return "max_tokens" if finished.n_generated >= self.max_tokens else "model_context_window_exceeded"
        return "tool_use" if has_calls else "end_turn"

    def usage(self, prompt: Started | Finished, *, n_output: int = 0, n_thinking: int = 0) -> dict[str, Any]:
        """Anthropic counts tokens apart that came from the cache, where the request marks any (``cache_control``).
        Without a mark there is no cache as far as a client can tell, and all of them are ``input_tokens``."""
        n_read = prompt.n_cached if self.caches else 0
        return {
            "input_tokens": prompt.n_prompt - n_read,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": n_read,
            "output_tokens": n_output,
            "output_tokens_details": {"thinking_tokens": n_thinking},
            "server_tool_use": None,
        }


def _marks_cache(fields: Mapping[str, Any]) -> bool:
    """The request itself, its system prompt, its tools, or any block of its messages."""
    messages = fields.get("messages", [])
    contents = [message.get("content") for message in messages if isinstance(message, dict)]
    marked = (blocks_within(each) for each in (fields.get("system"), fields.get("tools"), *contents))
    return bool(fields.get("cache_control")) or any(block.get("cache_control") for each in marked for block in each)
