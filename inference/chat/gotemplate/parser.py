"""Tokens to a tree: text, actions and control structures. Pipelines have a file of their own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal as OneOf
from typing import NoReturn, cast

from inference.chat.gotemplate.errors import GoTemplateError, shown
from inference.chat.gotemplate.lexer import Token
from inference.chat.gotemplate.nodes import Action, Branch, Jump, Node, Nodes, Pipe, TemplateCall, Text
from inference.chat.gotemplate.pipelines import PipelineParser

NOTHING = Text(0, "")


@dataclass(frozen=True, slots=True)
class _End:
    """What closed a list of nodes: ``end``, ``else``, or the end of the source."""

    kind: OneOf["end", "else", "source"]
    line: int


class Parser(PipelineParser):
    """One run over one source. ``templates`` holds what ``define`` and ``block`` made. Raises GoTemplateError."""

    def __init__(self, tokens: list[Token], functions: Collection[str]) -> None:
        super().__init__(tokens, functions)
        self.templates: dict[str, Nodes] = {}
        self._n_ranges = 0

    def parse(self) -> Nodes:
        nodes, end = self._nodes(top=True)
        if end.kind != "source":
            raise GoTemplateError(end.line, f"unexpected {{{{{end.kind}}}}}")
        return nodes

    def _nodes(self, *, top: bool = False) -> tuple[Nodes, _End]:
        nodes: list[Node] = []
        while True:
            token = self.take()
            if token.kind == "end":
                return tuple(nodes), _End("source", token.line)
            if token.kind == "text":
                nodes.append(Text(token.line, token.text))
                continue
            made = self._action(top=top)
            if isinstance(made, _End):
                return tuple(nodes), made
            if made is not NOTHING:
                nodes.append(made)

    def _action(self, *, top: bool) -> Node | _End:
        token = self.token
        if token.kind != "word":
            return self._plain()
        match token.text:
            case "if" | "range" | "with" as kind:
                self.take()
                return self._branch(kind, token.line)
            case "end" | "else" as kind:
                self.take()
                if kind == "end":
                    self.close()
                return _End(kind, token.line)  # what follows an else is the branch's to read
            case "break" | "continue" as kind:
                return self._jump(kind, token.line)
            case "template":
                self.take()
                return self._template_call(token.line)
            case "block":
                self.take()
                return self._block(token.line)
            case "define":
                self.take()
                return self._define(token.line, top=top)
        return self._plain()

    def _plain(self) -> Node:
        line = self.token.line
        pipe = self.pipe(context="command", until="close")
        return Action(line, pipe)

    def _branch(self, kind: OneOf["if", "range", "with"], line: int) -> Branch:
        self.deeper(line)
        mark = len(self.variables)
        pipe = self.pipe(context=kind, until="close")
        self._n_ranges += kind == "range"
        body, end = self._nodes()
        self._n_ranges -= kind == "range"
        orelse = self._else(kind, end, line) if end.kind == "else" else None
        if end.kind == "source":
            self._unclosed(kind, line)
        del self.variables[mark:]
        self.n_levels -= 1
        return Branch(line, kind, pipe, body, orelse)

    def _else(self, kind: str, end: _End, line: int) -> Nodes:
        token = self.token
        if token.kind == "word" and token.text == kind != "range":
            self.take()
            return (self._branch(cast('OneOf["if", "with"]', kind), token.line),)
        self.close()
        nodes, end = self._nodes()
        if end.kind == "else":
            raise GoTemplateError(end.line, "expected end; found {{else}}")
        if end.kind == "source":
            self._unclosed(kind, line)
        return nodes

    def _jump(self, kind: OneOf["break", "continue"], line: int) -> Jump:
        self.take()
        self.close()
        if not self._n_ranges:
            raise GoTemplateError(line, f"{{{{{kind}}}}} outside {{{{range}}}}")
        return Jump(line, kind)

    def _template_call(self, line: int) -> TemplateCall:
        return TemplateCall(line, self.quoted("template"), self._argument("template"))

    def _argument(self, context: str) -> Pipe | None:
        if self.token.kind == "close":
            self.close()
            return None
        return self.pipe(context=context, until="close")

    def _block(self, line: int) -> TemplateCall:
        name = self.quoted("block")
        pipe = self.pipe(context="block", until="close")
        self._defined(name, line)
        return TemplateCall(line, name, pipe)

    def _define(self, line: int, *, top: bool) -> Text:
        if not top:
            raise GoTemplateError(line, "unexpected {{define}}")
        name = self.quoted("define")
        self.close()
        self._defined(name, line)
        return NOTHING

    def _defined(self, name: str, line: int) -> None:
        """The body of a template of its own, which sees no variable from outside."""
        self.deeper(line)
        outer, self.variables = self.variables, ["$"]
        n_ranges, self._n_ranges = self._n_ranges, 0
        nodes, end = self._nodes()
        if end.kind != "end":
            self._unclosed("define", line)
        self.variables, self._n_ranges = outer, n_ranges
        self.n_levels -= 1
        if not _is_empty(nodes) or name not in self.templates:
            if not _is_empty(self.templates.get(name, ())):
                raise GoTemplateError(line, f"multiple definition of template {shown(name)}")
            self.templates[name] = nodes

    def _unclosed(self, kind: str, line: int) -> NoReturn:
        raise GoTemplateError(line, f"{{{{{kind}}}}} without {{{{end}}}}")


def _is_empty(nodes: Nodes) -> bool:
    return all(isinstance(node, Text) and not node.text.strip() for node in nodes)
