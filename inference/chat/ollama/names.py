"""The names a Go template uses, as Ollama collects them to tell what a model is capable of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from inference.chat.gotemplate.nodes import Action, Branch, Field, Node, Nodes, Operand, Pipe, TemplateCall, Variable


def names_used(trees: Iterable[Nodes]) -> frozenset[str]:
    """Fields in lower case, also those of variables: ``{{ $.Tools }}`` uses "tools".

    A field of something in parentheses is no use of a name, nor of what is in them, because Ollama doesn't see it.
    """
    return frozenset(name.lower() for tree in trees for node in tree for name in _names(node))


def _names(node: Node) -> Iterator[str]:
    if isinstance(node, Action | Branch | TemplateCall) and node.pipe is not None:
        yield from _pipe_names(node.pipe)
    if isinstance(node, Branch):
        for inner in (*node.body, *(node.orelse or ())):
            yield from _names(inner)


def _pipe_names(pipe: Pipe) -> Iterator[str]:
    for command in pipe.commands:
        for operand in command.args:
            yield from _operand_names(operand)


def _operand_names(operand: Operand) -> Iterable[str]:
    match operand:
        case Pipe():
            return _pipe_names(operand)
        case Field():
            return operand.names
        case Variable():
            return operand.names[1:]
    return ()
