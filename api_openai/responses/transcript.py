"""A generation's events as a response's: numbered, in items, with the response itself before and after them.

Pure but for the clock: the same for an answer that streams, one that doesn't, and one in the background.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from api_openai.errors import Fields, error_body
from api_openai.responses.envelope import Envelope, failure, usage
from api_openai.responses.items import Item
from api_openai.responses.output import Event, OpenItem, OpenMessage, OpenReasoning, call_events, call_item
from inference.errors import ShuttingDown
from inference.events import Event as EngineEvent
from inference.events import Finished, TextDelta, ThinkingDelta, ToolCall

FIELDS = Fields(prompt="input", format="text.format")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a request wants its answer shown. ``custom`` and ``namespaces``: see ``tools``."""

    summary: bool = False
    encrypted: bool = False
    custom: frozenset[str] = frozenset()
    namespaces: Mapping[str, str] = field(default_factory=dict)


class Transcript:
    """``response`` is what it has come to. Ends with ``Finished``, ``fail`` or ``cancel``, whichever comes first."""

    def __init__(self, envelope: Envelope, look: Look) -> None:
        self._envelope = dict(envelope)
        self._look = look
        self._output: list[Item] = []
        self._open: OpenItem | None = None
        self._n_events = 0
        self._n_thinking = 0
        self._began = False
        self.ended = False

    @property
    def response(self) -> Envelope:
        """A copy; items in it are whole ones."""
        return {**self._envelope, "output": list(self._output)}

    def queue(self) -> list[Event]:
        self._began = True
        return [self._lifecycle("created"), self._lifecycle("queued")]

    def begin(self) -> list[Event]:
        """The generation has started."""
        self._envelope["status"] = "in_progress"
        first = [] if self._began else [self._lifecycle("created")]
        self._began = True
        return [*first, self._lifecycle("in_progress")]

    def tell(self, events: Sequence[EngineEvent]) -> list[Event]:
        """Raises ShuttingDown where the server's end has cut the answer off."""
        return [out for event in events for out in self._tell(event)]

    def fail(self, error: Exception) -> list[Event]:
        """``response.failed``, and an event on which the SDK raises (it looks for ``error``, as in chunks).

        Of an answer that had ended, but could not be kept, the last event was not told.
        """
        if self.ended:
            self._n_events -= 1
        told: dict[str, Any] = orjson.loads(error_body(error, FIELDS))["error"]
        first = [] if self._began else self.begin()
        self._end("failed", error=failure(error, told["message"]))
        known = {name: told.get(name) for name in ("code", "message", "param")}
        return [*first, self._lifecycle("failed"), self._stamped({"type": "error", **known, "error": told})]

    def cancel(self) -> list[Event]:
        """There is no event of its own for it: who still reads learns it from the response."""
        self._end("cancelled")
        return [self._lifecycle("failed")]

    def _tell(self, event: EngineEvent) -> Iterator[Event]:
        if isinstance(event, TextDelta):
            yield from self._say(event)
        elif isinstance(event, ThinkingDelta):
            yield from self._think(event)
        elif isinstance(event, ToolCall):
            yield from self._call(event)
        elif isinstance(event, Finished):
            yield from self._finish(event)

    def _say(self, event: TextDelta) -> Iterator[Event]:
        """Tokens without text are markup, unless they stand within a message."""
        message = self._open
        if not isinstance(message, OpenMessage):
            if not event.text:
                return
            yield from self._opened(message := OpenMessage())
        if event.text or event.logprobs:
            yield self._placed(message.add(event.text, event.logprobs))

    def _think(self, event: ThinkingDelta) -> Iterator[Event]:
        self._n_thinking += event.n_tokens
        thoughts = self._open
        if not isinstance(thoughts, OpenReasoning):
            if not event.text:
                return
            thoughts = OpenReasoning(self._look.summary, self._look.encrypted)
            yield from self._opened(thoughts)
        yield self._placed(thoughts.add(event.text))

    def _call(self, call: ToolCall) -> Iterator[Event]:
        yield from self._closed()
        item = call_item(call, custom=self._look.custom, namespaces=self._look.namespaces)
        announced, events = call_events(item)
        yield self._placed({"type": "response.output_item.added", "item": announced})
        for event in events:
            yield self._placed(event)
        yield self._done(item)

    def _finish(self, finished: Finished) -> Iterator[Event]:
        if finished.reason == "shutdown":
            raise ShuttingDown
        if self._lacks_answer(finished):
            yield from self._opened(OpenMessage())
        incomplete = finished.reason == "length"
        yield from self._closed("incomplete" if incomplete else "completed")
        self._envelope["usage"] = usage(finished, n_thinking=self._n_thinking)
        if incomplete:
            self._end("incomplete", incomplete_details={"reason": "max_output_tokens"})
        else:
            self._end("completed", completed_at=int(time.time()))
        yield self._lifecycle(self._envelope["status"])

    def _lacks_answer(self, finished: Finished) -> bool:
        """An answer of nothing is an empty message, unless it was cut off in the midst of its thoughts."""
        if isinstance(self._open, OpenMessage) or any(item["type"] != "reasoning" for item in self._output):
            return False
        return finished.reason == "stop" or self._open is None

    def _opened(self, item: OpenItem) -> Iterator[Event]:
        yield from self._closed()
        self._open = item
        yield self._placed({"type": "response.output_item.added", "item": item.item("in_progress")})
        for event in item.opening():
            yield self._placed(event)

    def _closed(self, status: str = "completed") -> Iterator[Event]:
        item, self._open = self._open, None
        if item is not None:
            for event in item.closing():
                yield self._placed(event)
            yield self._done(item.item(status))

    def _done(self, item: Item) -> Event:
        event = self._placed({"type": "response.output_item.done", "item": item})
        self._output.append(item)
        return event

    def _end(self, status: str, **fields: Any) -> None:
        """What was being written stays, as far as it had come."""
        if self._open is not None:
            self._output.append(self._open.item("incomplete"))
            self._open = None
        self._envelope |= {"status": status, **fields}
        self.ended = True

    def _lifecycle(self, status: str) -> Event:
        return self._stamped({"type": f"response.{status}", "response": self.response})

    def _placed(self, event: Event) -> Event:
        """Events are made for this, so they are written into."""
        event["output_index"] = len(self._output)
        return self._stamped(event)

    def _stamped(self, event: Event) -> Event:
        event["sequence_number"] = self._n_events
        self._n_events += 1
        return event
