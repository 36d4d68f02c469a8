"""The walk over a tree that writes a template's text."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Any

from inference.chat.gotemplate.errors import FunctionError, GoTemplateError, shown
from inference.chat.gotemplate.evaluation import Evaluator
from inference.chat.gotemplate.functions import Function
from inference.chat.gotemplate.limits import LimitReached, Meter
from inference.chat.gotemplate.nodes import Action, Branch, Jump, Node, Nodes, TemplateCall, Text
from inference.chat.gotemplate.printing import printed
from inference.chat.gotemplate.values import is_true, type_name


class Went(enum.Enum):
    """How a list of nodes ended."""

    ON = enum.auto()
    BREAK = enum.auto()
    CONTINUE = enum.auto()


class Executor:
    """Renders trees into one meter's text. One rendering's, on one thread."""

    def __init__(self, templates: Mapping[str, Nodes], functions: Mapping[str, Function], meter: Meter) -> None:
        self._templates = templates
        self._meter = meter
        self._evaluator = Evaluator(functions, meter)
        self._line = 1

    def run(self, nodes: Nodes, data: Any) -> None:
        """Appends the text of one execution. Raises GoTemplateError."""
        try:
            self._execute(nodes, data)
        except LimitReached as error:
            raise GoTemplateError(self._line, str(error)) from None
        except RecursionError:
            raise GoTemplateError(self._line, "nested too deeply") from None

    def _execute(self, nodes: Nodes, data: Any) -> None:
        """A template sees its own variables only, of which ``$`` is the data it was called with."""
        outer, self._evaluator.variables = self._evaluator.variables, [("$", data)]
        self._nodes(data, nodes)
        self._evaluator.variables = outer

    def _nodes(self, dot: Any, nodes: Nodes) -> Went:
        self._meter.enter()
        went = Went.ON
        for node in nodes:
            went = self._node(dot, node)
            if went is not Went.ON:
                break
        self._meter.leave()
        return went

    def _node(self, dot: Any, node: Node) -> Went:
        self._line = node.line
        self._meter.step()
        match node:
            case Text():
                self._meter.write(node.text)
            case Action():
                self._action(dot, node)
            case Branch():
                return self._branch(dot, node)
            case TemplateCall():
                self._call(dot, node)
            case Jump():
                return Went.BREAK if node.kind == "break" else Went.CONTINUE
        return Went.ON

    def _action(self, dot: Any, node: Action) -> None:
        value = self._evaluator.pipe(dot, node.pipe)
        if node.pipe.variables:
            return
        try:
            self._meter.write(printed(value))
        except FunctionError as error:
            raise GoTemplateError(node.line, str(error)) from None

    def _branch(self, dot: Any, node: Branch) -> Went:
        mark = len(self._evaluator.variables)
        value = self._evaluator.pipe(dot, node.pipe)
        if node.kind == "range":
            went = self._range(dot, node, value)
        elif is_true(value):
            went = self._nodes(value if node.kind == "with" else dot, node.body)
        else:
            went = self._nodes(dot, node.orelse or ())
        del self._evaluator.variables[mark:]
        return went

    def _range(self, dot: Any, node: Branch, value: Any) -> Went:
        empty = True
        if isinstance(value, int) and len(node.pipe.variables) > 1:
            raise GoTemplateError(node.line, "can't use an integer to iterate over more than one variable")
        for index, element in _items(value, node.line):
            empty = False
            self._meter.step()
            mark = len(self._evaluator.variables)
            self._bind(node, index, element)
            went = self._nodes(element, node.body)
            del self._evaluator.variables[mark:]
            if went is Went.BREAK:
                break
        return self._nodes(dot, node.orelse or ()) if empty else Went.ON

    def _bind(self, node: Branch, index: Any, element: Any) -> None:
        """One variable takes the element; of two the first takes the index."""
        names, variables = node.pipe.variables, self._evaluator.variables
        values = (index, element) if len(names) == 2 else (element,)
        for place, (name, value) in enumerate(zip(names, values, strict=False)):
            if node.pipe.assigns:
                self._evaluator.assign(name, value, node.line)
            else:
                variables[len(variables) - len(names) + place] = (name, value)

    def _call(self, dot: Any, node: TemplateCall) -> None:
        if node.name not in self._templates:
            raise GoTemplateError(node.line, f"template {shown(node.name)} not defined")
        data = None if node.pipe is None else self._evaluator.pipe(dot, node.pipe)
        self._execute(self._templates[node.name], data)


def _items(value: Any, line: int) -> Iterable[tuple[Any, Any]]:
    """Indexes and elements; a map's in the order of its keys, an integer's from 0."""
    if value is None:
        return ()
    if isinstance(value, dict):
        return ((key, value[key]) for key in sorted(value))
    if isinstance(value, list | tuple | bytes):
        return enumerate(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return ((number, number) for number in range(value))
    raise GoTemplateError(line, f"range can't iterate over {type_name(value)}")
