"""The part of the parser that reads pipelines: declarations, commands and operands."""

from __future__ import annotations

from collections.abc import Collection
from typing import NoReturn

from inference.chat.gotemplate.errors import GoTemplateError, shown
from inference.chat.gotemplate.lexer import Token
from inference.chat.gotemplate.literals import character, number, unquoted
from inference.chat.gotemplate.nodes import (
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    Literal,
    Nil,
    Operand,
    Pipe,
    Variable,
)

# Bounds the recursion of parsing and of execution: long chains of ``else if`` are as deep as they are long.
MAX_LEVELS = 100
KEYWORDS = frozenset(
    ["if", "else", "end", "range", "with", "define", "template", "block", "break", "continue"],
)


class PipelineParser:
    """A reader of tokens that knows which variables and functions there are."""

    def __init__(self, tokens: list[Token], functions: Collection[str]) -> None:
        self._tokens = tokens
        self._functions = functions
        self._position = 0
        self.variables = ["$"]
        self.n_levels = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._position]

    def take(self) -> Token:
        token = self._tokens[self._position]
        self._position = min(self._position + 1, len(self._tokens) - 1)
        return token

    def close(self) -> None:
        if self.token.kind != "close":
            self.unexpected("action")
        self.take()

    def quoted(self, context: str) -> str:
        token = self.token
        if token.kind not in ("string", "raw"):
            self.unexpected(f"{context} clause")
        self.take()
        return str(self._literal(token).value)

    def deeper(self, line: int) -> None:
        self.n_levels += 1
        if self.n_levels > MAX_LEVELS:
            raise GoTemplateError(line, "nested too deeply")

    def unexpected(self, context: str) -> NoReturn:
        found = {"close": "end of action", "end": "end of template"}.get(self.token.kind) or shown(self.token.text)
        raise GoTemplateError(self.token.line, f"unexpected {found} in {context}")

    def pipe(self, *, context: str, until: str) -> Pipe:
        """A pipeline and what ends it: ``close``, or ``)``."""
        line = self.token.line
        names, assigns = self._declaration(context)
        commands = [self._command(until)]
        while self._is_mark("|"):
            self.take()
            if not self._ends(until):  # as in Go, a pipeline may end in its bar
                commands.append(self._command(until))
        self.take()
        self._check(commands, context)
        return Pipe(line, tuple(commands), names, assigns)

    def _declaration(self, context: str) -> tuple[tuple[str, ...], bool]:
        ahead = [token.text for token in self._tokens[self._position : self._position + 4]]
        first = self.token
        if first.kind != "variable":
            return (), False
        if ahead[1:2] == [","] and context == "range":
            if len(ahead) < 4 or not ahead[2].startswith("$") or ahead[3] not in (":=", "="):
                self.unexpected("range")
            names: tuple[str, ...] = (ahead[0], ahead[2])
            operator = ahead[3]
        elif ahead[1:2] in ([":="], ["="]):
            names, operator = (ahead[0],), ahead[1]
        else:
            return (), False
        self._position += 2 * len(names)
        self._introduce(names, first.line, declares=operator == ":=")
        return names, operator == "="

    def _introduce(self, names: tuple[str, ...], line: int, *, declares: bool) -> None:
        # A declared variable can be named in its own pipeline, as in Go; it has no value there yet.
        for name in names:
            if declares:
                self.variables.append(name)
            elif name not in self.variables:
                raise GoTemplateError(line, f"undefined variable {shown(name)}")

    def _check(self, commands: list[Command], context: str) -> None:
        for stage, command in enumerate(commands, 1):
            if not command.args:
                raise GoTemplateError(command.line, f"missing value for {context}")
            if stage > 1 and isinstance(command.args[0], Literal | Nil | Dot):
                raise GoTemplateError(command.line, f"non executable command in pipeline stage {stage}")

    def _command(self, until: str) -> Command:
        line, args = self.token.line, list[Operand]()
        while not self._is_mark("|") and not self._ends(until):
            if args and not self.token.spaced:
                self.unexpected("operand")
            args.append(self._operand())
        return Command(line, tuple(args))

    def _ends(self, until: str) -> bool:
        return self.token.kind == until if until == "close" else self._is_mark(until)

    def _is_mark(self, mark: str) -> bool:
        return self.token.kind == "mark" and self.token.text == mark

    def _operand(self) -> Operand:
        term = self._term()
        names: list[str] = []
        while self.token.kind == "field" and not self.token.spaced:
            names.append(self.take().text[1:])
        if not names:
            return term
        match term:
            case Field(line, head):
                return Field(line, (*head, *names))
            case Variable(line, head):
                return Variable(line, (*head, *names))
            case Literal(line) | Nil(line) | Dot(line):
                raise GoTemplateError(line, f"unexpected {shown('.' + names[0])} after a constant")
        return Chain(term.line, term, tuple(names))

    def _term(self) -> Operand:
        token = self.token
        if token.kind == "close" or (token.kind == "mark" and token.text not in (".", "(")):
            self.unexpected("command")
        self.take()
        match token.kind:
            case "field":
                return Field(token.line, (token.text[1:],))
            case "variable":
                if token.text not in self.variables:
                    raise GoTemplateError(token.line, f"undefined variable {shown(token.text)}")
                return Variable(token.line, (token.text,))
            case "word":
                return self._word(token)
            case "mark":
                return Dot(token.line) if token.text == "." else self._parenthesis(token.line)
        return self._literal(token)

    def _parenthesis(self, line: int) -> Pipe:
        self.deeper(line)
        pipe = self.pipe(context="parenthesized pipeline", until=")")
        self.n_levels -= 1
        return pipe

    def _word(self, token: Token) -> Operand:
        if token.text in ("true", "false"):
            return Literal(token.line, token.text == "true")
        if token.text == "nil":
            return Nil(token.line)
        if token.text in KEYWORDS:
            raise GoTemplateError(token.line, f"unexpected <{token.text}> in command")
        if token.text not in self._functions:
            raise GoTemplateError(token.line, f"function {shown(token.text)} not defined")
        return Identifier(token.line, token.text)

    def _literal(self, token: Token) -> Literal:
        try:
            match token.kind:
                case "string":
                    return Literal(token.line, unquoted(token.text))
                case "raw":
                    return Literal(token.line, token.text[1:-1].replace("\r", ""))
                case "char":
                    return Literal(token.line, character(token.text))
                case _:
                    return Literal(token.line, number(token.text))
        except (ValueError, OverflowError):
            raise GoTemplateError(token.line, f"bad constant {shown(token.text)}") from None
