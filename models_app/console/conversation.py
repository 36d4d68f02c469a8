"""What a chat at the terminal has said so far, and what it is set to. Does no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from models_app.console.answer import ChatRequest

Json = dict[str, Any]


@dataclass(slots=True)
class View:
    """How answers are shown."""

    verbose: bool = False
    wordwrap: bool = True
    hide_thinking: bool = False


@dataclass(slots=True)
class Conversation:
    """``system`` None leaves the model's own system message in force, ``think`` None the model's own habit.

    ``loaded`` are the model's MESSAGEs, which the server puts before ours.
    """

    model: str
    system: str | None = None
    options: Json = field(default_factory=dict)
    keep_alive: float | None = None
    format: str | Json | None = None
    think: bool | str | None = None
    think_chosen: bool = False
    capabilities: tuple[str, ...] = ()
    loaded: list[Json] = field(default_factory=list)
    turns: list[Json] = field(default_factory=list)

    @property
    def takes_media(self) -> bool:
        return not {"vision", "audio"}.isdisjoint(self.capabilities)

    def meet(self, shown: Json) -> None:
        """Learns from ``/api/show`` what the model is. A model that can think does, unless the user said otherwise."""
        self.capabilities = tuple(shown.get("capabilities") or ())
        self.loaded = list(shown.get("messages") or ())
        if not self.think_chosen:
            self.think = True if "thinking" in self.capabilities else None

    def change_model(self, name: str, shown: Json) -> None:
        """Another model begins with nothing said; what was set stays."""
        self.model = name
        self.turns.clear()
        self.meet(shown)

    def ask(self, text: str, images: tuple[str, ...] = ()) -> ChatRequest:
        """The request for the next answer; what was asked becomes part of the chat. ``images`` are base64."""
        turn: Json = {"role": "user", "content": text}
        self.turns.append(turn | ({"images": list(images)} if images else {}))
        system = [{"role": "system", "content": self.system}] if self.system else []
        return ChatRequest(
            model=self.model,
            messages=system + list(self.turns),
            options=dict(self.options),
            keep_alive=self.keep_alive,
            format=self.format,
            think=self.think,
        )

    def answered(self, text: str, thinking: str = "") -> None:
        """What came of it, be it cut short. A question without an answer is taken back: two in a row confuse models."""
        if text:
            turn = {"role": "assistant", "content": text}
            self.turns.append(turn | ({"thinking": thinking} if thinking else {}))
        else:
            self.turns.pop()

    def saved(self, name: str) -> Json:
        """The body of ``/api/create`` that makes a model of this chat (Ollama's cmd/interactive.go, NewCreateRequest).

        It is made from this very model and not from its parent, whose template and parameters may be others.
        """
        body: Json = {"model": name, "from": self.model}
        if self.system:
            body["system"] = self.system
        if self.options:
            body["parameters"] = dict(self.options)
        if self.turns:
            body["messages"] = [*self.loaded, *self.turns]
        return body
