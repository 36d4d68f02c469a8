"""What a chat at the terminal has said so far, and what its slash commands change. Does no I/O."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from models_app.console.answer import ChatRequest

HELP = """\
Commands:
  /show                     what the chat is set up with
  /set parameter NAME VALUE an option of the model, such as temperature 0.2
  /set system TEXT          the system message
  /clear                    forget what was said
  /?, /help                 this
  /bye                      leave (Ctrl-D does too)

Begin with \"\"\" for several lines, or press Alt-Enter for a line break.
Ctrl-C stops an answer.
"""


@dataclass(slots=True)
class Conversation:
    """``system`` None leaves the model's own system message in force."""

    model: str
    system: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    keep_alive: float | str | None = None
    turns: list[dict[str, str]] = field(default_factory=list)

    def ask(self, text: str) -> ChatRequest:
        """The request for the next answer; what was asked becomes part of the chat."""
        self.turns.append({"role": "user", "content": text})
        system = [{"role": "system", "content": self.system}] if self.system else []
        return ChatRequest(
            model=self.model,
            messages=system + list(self.turns),
            options=dict(self.options),
            keep_alive=self.keep_alive,
        )

    def answered(self, text: str) -> None:
        """What came of it, be it cut short. A question without an answer is taken back: two in a row confuse models."""
        if text:
            self.turns.append({"role": "assistant", "content": text})
        else:
            self.turns.pop()


@dataclass(frozen=True, slots=True)
class Reply:
    text: str = ""
    leave: bool = False


def is_command(line: str) -> bool:
    """A slash and a word; a path such as ``/etc/hosts`` in a question is no command."""
    word = line.split(maxsplit=1)[0] if line.strip() else ""
    return word.startswith("/") and "/" not in word[1:]


def execute(line: str, conversation: Conversation) -> Reply:
    """Do what a slash command says. What it can't understand, it says so."""
    match line.split(maxsplit=3):
        case ["/bye" | "/exit"]:
            return Reply(leave=True)
        case ["/?" | "/help", *_]:
            return Reply(HELP)
        case ["/clear"]:
            conversation.turns.clear()
            return Reply("Cleared what was said.\n")
        case ["/show", *_]:
            return Reply(_shown(conversation))
        case ["/set", "parameter", name, value]:
            conversation.options[name] = option_value(name, value)
            return Reply(f"Set parameter '{name}' to '{value}'\n")
        case ["/set", "system", *text] if text:
            conversation.system = " ".join(text)
            return Reply("Set system message.\n")
        case ["/set", *_]:
            return Reply("Usage: /set parameter NAME VALUE, or /set system TEXT\n")
        case [command, *_]:
            return Reply(f"Unknown command '{command}'. Type /? for help\n")
    return Reply()


def option_value(name: str, text: str) -> Any:
    """A number or a boolean where the text is one. ``stop`` is always a list, of one string."""
    if name == "stop":
        return [text]
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float) else text


def _shown(conversation: Conversation) -> str:
    lines = [f"model      {conversation.model}", f"turns      {len(conversation.turns)}"]
    lines += [f"system     {conversation.system}"] if conversation.system else []
    lines += [f"parameter  {name} {value}" for name, value in sorted(conversation.options.items())]
    return "\n".join(lines) + "\n"
