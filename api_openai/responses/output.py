"""Items of the output, and the events that tell how each comes to be (openai's ResponseStreamEvent).

An event is a JSON object without its place: ``output_index`` and ``sequence_number`` are the transcript's to give.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api_openai.custom_tools import custom_input
from api_openai.responses.identifiers import new_id
from api_openai.responses.items import Item
from api_openai.responses.sealed import sealed
from api_openai.responses.tools import SEPARATOR
from inference.events import TokenLogprob, ToolCall

Event = dict[str, Any]


class OpenItem(ABC):
    """One that grows piece by piece: a message or thoughts."""

    id: str

    @abstractmethod
    def item(self, status: str) -> Item: ...

    @abstractmethod
    def opening(self) -> Iterator[Event]:
        """What comes between the item's own event and its first piece."""

    @abstractmethod
    def closing(self) -> Iterator[Event]:
        """What comes between its last piece and the item's own event."""


@dataclass(slots=True)
class OpenMessage(OpenItem):
    id: str = field(default_factory=lambda: new_id("message"))
    text: list[str] = field(default_factory=list)
    logprobs: list[dict[str, Any]] = field(default_factory=list)

    def item(self, status: str) -> Item:
        content = [] if status == "in_progress" else [self._part()]
        return {"id": self.id, "type": "message", "status": status, "role": "assistant", "content": content}

    def opening(self) -> Iterator[Event]:
        yield self._event("response.content_part.added", part=_text_part("", []))

    def add(self, text: str, logprobs: Sequence[TokenLogprob]) -> Event:
        shown = token_logprobs(logprobs)
        self.text.append(text)
        self.logprobs.extend(shown)
        return self._event("response.output_text.delta", delta=text, logprobs=shown)

    def closing(self) -> Iterator[Event]:
        yield self._event("response.output_text.done", text="".join(self.text), logprobs=self.logprobs)
        yield self._event("response.content_part.done", part=self._part())

    def _part(self) -> dict[str, Any]:
        return _text_part("".join(self.text), self.logprobs)

    def _event(self, kind: str, **fields: Any) -> Event:
        return {"type": kind, "item_id": self.id, "content_index": 0, **fields}


@dataclass(slots=True)
class OpenReasoning(OpenItem):
    """Thoughts as they are; as their own summary for clients that look for one (Ollama shows them there)."""

    as_summary: bool
    encrypted: bool
    id: str = field(default_factory=lambda: new_id("reasoning"))
    text: list[str] = field(default_factory=list)

    def item(self, status: str) -> Item:
        parts = [] if status == "in_progress" else [self._part()]
        item: Item = {"id": self.id, "type": "reasoning", "status": status}
        item |= {"summary": parts} if self.as_summary else {"summary": [], "content": parts}
        if self.encrypted:
            item["encrypted_content"] = sealed("".join(self.text)) if parts else ""
        return item

    def opening(self) -> Iterator[Event]:
        kind = "response.reasoning_summary_part.added" if self.as_summary else "response.content_part.added"
        yield self._event(kind, part={**self._part(), "text": ""})

    def add(self, text: str) -> Event:
        self.text.append(text)
        return self._event(f"response.{self._name}.delta", delta=text)

    def closing(self) -> Iterator[Event]:
        yield self._event(f"response.{self._name}.done", text="".join(self.text))
        kind = "response.reasoning_summary_part.done" if self.as_summary else "response.content_part.done"
        yield self._event(kind, part=self._part())

    @property
    def _name(self) -> str:
        return "reasoning_summary_text" if self.as_summary else "reasoning_text"

    def _part(self) -> dict[str, Any]:
        return {"type": "summary_text" if self.as_summary else "reasoning_text", "text": "".join(self.text)}

    def _event(self, kind: str, **fields: Any) -> Event:
        index = "summary_index" if self.as_summary else "content_index"
        return {"type": kind, "item_id": self.id, index: 0, **fields}


def call_item(call: ToolCall, *, custom: frozenset[str], namespaces: Mapping[str, str]) -> Item:
    """A whole call. A custom tool's text is taken out of the arguments that the model wrote for it."""
    kind, argument, value = "function_call", "arguments", call.arguments
    if call.name in custom:
        kind, argument, value = "custom_tool_call", "input", custom_input(call.arguments)
    item: Item = {"id": new_id(kind), "type": kind, "status": "completed", "call_id": new_id("call")}
    namespace = namespaces.get(call.name)
    if namespace is not None:
        item |= {"namespace": namespace}
    return item | {"name": call.name.removeprefix(f"{namespace}{SEPARATOR}"), argument: value}


def call_events(item: Item) -> tuple[Item, Iterator[Event]]:
    """The item as it is announced, and what comes before it is done."""
    argument, name = ("arguments", "function_call_arguments")
    if item["type"] == "custom_tool_call":
        argument, name = ("input", "custom_tool_call_input")
    return {**item, "status": "in_progress", argument: ""}, _call_events(item, argument, f"response.{name}")


def _call_events(item: Item, argument: str, kind: str) -> Iterator[Event]:
    yield {"type": f"{kind}.delta", "item_id": item["id"], "delta": item[argument]}
    yield {"type": f"{kind}.done", "item_id": item["id"], argument: item[argument]}


def token_logprobs(logprobs: Sequence[TokenLogprob]) -> list[dict[str, Any]]:
    return [_token(one) | {"top_logprobs": [_token(top) for top in one.top]} for one in logprobs]


def _token(one: TokenLogprob) -> dict[str, Any]:
    return {"token": one.data.decode("utf-8", "replace"), "bytes": list(one.data), "logprob": one.logprob}


def _text_part(text: str, logprobs: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs}
