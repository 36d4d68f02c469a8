"""The tree a template is parsed into. Immutable; ``line`` counts from 1.

The division into nodes is that of Go's text/template/parse, because Ollama reads its templates' variables from that
tree, and cuts that tree behind ``.Response``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, number, character or boolean."""

    line: int
    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class Nil:
    line: int


@dataclass(frozen=True, slots=True)
class Dot:
    line: int


@dataclass(frozen=True, slots=True)
class Identifier:
    """A function's name."""

    line: int
    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """``.A.B``: names is ("A", "B")."""

    line: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """``$x.A``: names is ("$x", "A")."""

    line: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """``(pipeline).A.B``."""

    line: int
    operand: Operand
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """One stage of a pipeline: an operand alone, or a function before its arguments."""

    line: int
    args: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands, each handing its value to the next. ``assigns`` tells ``=`` from ``:=``."""

    line: int
    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    assigns: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    line: int
    pipe: Pipe


@dataclass(frozen=True, slots=True)
class Branch:
    """``else if`` is a branch of its own, alone in ``orelse``. None: there is no ``else``."""

    line: int
    kind: OneOf["if", "range", "with"]
    pipe: Pipe
    body: Nodes
    orelse: Nodes | None


@dataclass(frozen=True, slots=True)
class TemplateCall:
    line: int
    name: str
    pipe: Pipe | None


@dataclass(frozen=True, slots=True)
class Jump:
    line: int
    kind: OneOf["break", "continue"]


Operand: TypeAlias = Literal | Nil | Dot | Identifier | Field | Variable | Chain | Pipe
Node: TypeAlias = Text | Action | Branch | TemplateCall | Jump
Nodes: TypeAlias = tuple[Node, ...]
