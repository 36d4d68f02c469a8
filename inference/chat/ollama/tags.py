"""The tags around a model's thinking, as a Go template writes them into the history (Ollama's thinking/template.go)."""

from __future__ import annotations

from inference.chat.gotemplate.nodes import Action, Branch, Field, Node, Nodes, Operand, Pipe, TemplateCall, Text


def thinking_tags(nodes: Nodes) -> tuple[str, str]:
    """The first and last text of the list in which a message's ``.Thinking`` stands; empty where there is none."""
    search = _Search()
    search.list(nodes, in_messages=False)
    return search.opening, search.closing


class _Search:
    """Later places win over earlier ones, and a text that is missing there leaves an earlier one."""

    def __init__(self) -> None:
        self.opening = self.closing = ""

    def list(self, nodes: Nodes, *, in_messages: bool) -> None:
        for node in nodes:
            self._node(node, nodes, in_messages=in_messages)

    def _node(self, node: Node, around: Nodes, *, in_messages: bool) -> None:
        if isinstance(node, Action | TemplateCall | Branch) and node.pipe is not None:
            inner = in_messages
            if isinstance(node, Branch) and node.kind == "range":
                inner = _uses(node.pipe, "Messages")
            if inner and _uses(node.pipe, "Thinking"):
                self._take(around)
        if isinstance(node, Branch):
            inner = _uses(node.pipe, "Messages") if node.kind == "range" else in_messages
            self.list(node.body, in_messages=inner)
            self.list(node.orelse or (), in_messages=inner)

    def _take(self, nodes: Nodes) -> None:
        first, last = nodes[0], nodes[-1]
        if isinstance(first, Text):
            self.opening = first.text.strip()
        if isinstance(last, Text):
            self.closing = last.text.strip()


def _uses(pipe: Pipe, name: str) -> bool:
    return any(_is(operand, name) for command in pipe.commands for operand in command.args)


def _is(operand: Operand, name: str) -> bool:
    if isinstance(operand, Pipe):
        return _uses(operand, name)
    return isinstance(operand, Field) and operand.names[0] == name
