"""The commands of a Modelfile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Keyword = Literal[
    "from", "license", "template", "system", "adapter", "draft", "renderer", "parser", "parameter", "message",
    "requires",
]  # fmt: skip
KEYWORDS: Final = get_args(Keyword)
"""In the order in which Ollama's error names them."""

ROLES: Final = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Command:
    """One command. ``key`` is the parameter's name or the message's role, and empty for all others."""

    keyword: Keyword
    value: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Modelfile:
    commands: tuple[Command, ...]

    def values(self, keyword: Keyword) -> list[str]:
        return [command.value for command in self.commands if command.keyword == keyword]
