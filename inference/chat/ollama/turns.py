"""Conversations as Ollama's templates take them: merged messages, and turns for the older templates.

Older templates know a prompt and a response, and render one turn. A conversation is rendered turn by turn, and the
last turn without what stands behind ``.Response``, so that the model's answer goes on there (template/template.go).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from inference.chat.gotemplate.nodes import Action, Branch, Command, Field, Node, Nodes, Operand, Pipe
from inference.chat.gotemplate.values import GoList, NilList, Record
from inference.chat.ollama.values import MESSAGE, tool_call_list
from inference.request import Message


@dataclass(frozen=True, slots=True)
class Collated:
    """The first of some neighbours of one role, with the text of them all."""

    first: Message
    role: str
    content: str

    def record(self) -> Record:
        images = getattr(self.first, "images", ())
        values: dict[str, Any] = {
            "Role": self.role,
            "Content": self.content,
            "Thinking": self.first.thinking,
            "Images": GoList(images) or NilList(),
            "ToolCalls": tool_call_list(self.first.tool_calls),
            "ToolName": self.first.tool_name,
            "ToolCallID": self.first.tool_call_id,
        }
        return Record(MESSAGE, values)


@dataclass(frozen=True, slots=True)
class Turn:
    system: str = ""
    prompt: str = ""
    response: str = ""


def collate(messages: Iterable[Message]) -> list[Collated]:
    """Neighbours of one role become one message, a blank line between them; results of tools stay apart."""
    collated: list[Collated] = []
    for message in messages:
        role = message.role.lower()
        if collated and collated[-1].role == role != "tool":
            collated[-1] = replace(collated[-1], content=f"{collated[-1].content}\n\n{message.content}")
        else:
            collated.append(Collated(message, role, message.content))
    return collated


def turns(messages: Iterable[Collated]) -> Iterator[Turn]:
    """The turns of a conversation; the last one is the open one, and there always is one."""
    turn = Turn()
    for message in messages:
        match message.role:
            case "system":
                if turn.prompt or turn.response:
                    yield turn
                    turn = Turn()
                turn = replace(turn, system=message.content)
            case "user":
                if turn.response:
                    yield turn
                    turn = Turn()
                turn = replace(turn, prompt=message.content)
            case "assistant":
                turn = replace(turn, response=message.content)
    yield turn


def cut_behind_response(nodes: Nodes) -> Nodes:
    """The tree without what follows the first ``.Response``, wherever in it that is."""
    return _Cut().nodes(nodes)


class _Cut:
    """A walk in the order of the text. Conditions are not looked at: ``if .Response`` cuts nothing."""

    def __init__(self) -> None:
        self._found = False

    def nodes(self, nodes: Nodes) -> Nodes:
        return tuple(kept for node in nodes if not self._found and (kept := self._node(node)) is not None)

    def _node(self, node: Node) -> Node | None:
        if isinstance(node, Branch):
            body = self.nodes(node.body)
            return replace(node, body=body, orelse=node.orelse if node.orelse is None else self.nodes(node.orelse))
        if isinstance(node, Action):
            pipe = self._pipe(node.pipe)
            return None if pipe is None else replace(node, pipe=pipe)
        return node

    def _pipe(self, pipe: Pipe) -> Pipe | None:
        """None where a stage lost all it had: then the whole action goes."""
        commands: list[Command] = []
        for command in pipe.commands:
            args = self._operands(command.args)
            if not args:
                return None
            commands.append(replace(command, args=args))
        return replace(pipe, commands=tuple(commands))

    def _operands(self, operands: tuple[Operand, ...]) -> tuple[Operand, ...]:
        return tuple(kept for operand in operands if not self._found and (kept := self._operand(operand)) is not None)

    def _operand(self, operand: Operand) -> Operand | None:
        if isinstance(operand, Pipe):
            return self._pipe(operand)
        self._found = self._found or (isinstance(operand, Field) and "Response" in operand.names)
        return operand
