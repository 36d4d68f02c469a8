"""``/show``: what the model is, and what the chat has set besides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from models_app.console.card import card_sections, plain_card
from models_app.console.conversation import Conversation

Json = dict[str, Any]

_NAME_WIDTH = 30


def shown_text(topic: str, shown: Json, conversation: Conversation) -> str:
    """The text of one topic. ``shown`` is the answer of ``/api/show``."""
    topics: dict[str, Callable[[], str]] = {
        "info": lambda: plain_card(card_sections(shown, verbose=False)) + "\n",
        "license": lambda: _text(shown, "license") or "No license was specified for this model.\n",
        "modelfile": lambda: _text(shown, "modelfile"),
        "parameters": lambda: _parameters(shown, conversation),
        "system": lambda: _system(shown, conversation),
        "template": lambda: _text(shown, "template") or "No prompt template was specified for this model.\n",
    }
    if topic not in topics:
        return f"Unknown command '/show {topic}'. Type /? for help\n"
    return topics[topic]()


def _text(shown: Json, name: str) -> str:
    text = str(shown.get(name) or "")
    return text.rstrip("\n") + "\n" if text else ""


def _system(shown: Json, conversation: Conversation) -> str:
    system = conversation.system or shown.get("system")
    return f"{system}\n\n" if system else "No system message was specified for this model.\n"


def _parameters(shown: Json, conversation: Conversation) -> str:
    lines = str(shown.get("parameters") or "No additional parameters were specified for this model.").splitlines()
    text = "Model defined parameters:\n" + "".join(f"  {line}\n" for line in lines) + "\n"
    if conversation.options:
        own = [f"  {name:<{_NAME_WIDTH}} {_value(value)}\n" for name, value in sorted(conversation.options.items())]
        text += "User defined parameters:\n" + "".join(own) + "\n"
    return text


def _value(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
