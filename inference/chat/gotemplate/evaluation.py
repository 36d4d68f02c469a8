"""Pipelines to values: fields, variables and functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from inference.chat.gotemplate.errors import FunctionError, GoTemplateError, shown
from inference.chat.gotemplate.functions import SHORT_CIRCUIT, Function
from inference.chat.gotemplate.limits import Meter
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
from inference.chat.gotemplate.values import Record, is_true, method, type_name


class _Nothing:
    """No value came down the pipeline. nil is a value."""


NOTHING: Final = _Nothing()


class Evaluator:
    """Values of pipelines, and the variables in sight (the innermost last). One rendering's, on one thread."""

    def __init__(self, functions: Mapping[str, Function], meter: Meter) -> None:
        self._functions = functions
        self._meter = meter
        self.variables: list[tuple[str, Any]] = []

    def pipe(self, dot: Any, pipe: Pipe) -> Any:
        self._meter.enter()
        value: Any = NOTHING
        for command in pipe.commands:
            value = self._command(dot, command, value)
        for name in pipe.variables:
            if pipe.assigns:
                self.assign(name, value, pipe.line)
            else:
                self.variables.append((name, value))
        self._meter.leave()
        return value

    def assign(self, name: str, value: Any, line: int) -> None:
        for place in range(len(self.variables) - 1, -1, -1):
            if self.variables[place][0] == name:
                self.variables[place] = (name, value)
                return
        raise GoTemplateError(line, f"undefined variable {shown(name)}")

    def _command(self, dot: Any, command: Command, piped: Any) -> Any:
        self._meter.step()
        first = command.args[0]
        if isinstance(first, Identifier):
            return self._call(dot, first, command.args[1:], piped)
        if isinstance(first, Nil):
            raise GoTemplateError(command.line, "nil is not a command")
        if len(command.args) > 1 or piped is not NOTHING:
            raise GoTemplateError(command.line, "can't give argument to what is no function")
        return self._operand(dot, first)

    def _operand(self, dot: Any, operand: Operand) -> Any:
        match operand:
            case Literal(_, value):
                return value
            case Dot():
                return dot
            case Nil():
                return None
            case Field(line, names):
                return self._fields(dot, names, line)
            case Variable(line, names):
                return self._fields(self._variable(names[0], line), names[1:], line)
            case Pipe():
                return self.pipe(dot, operand)
            case Chain(line, inner, names):
                return self._fields(self._operand(dot, inner), names, line)
            case Identifier():
                return self._call(dot, operand, (), NOTHING)

    def _variable(self, name: str, line: int) -> Any:
        for known, value in reversed(self.variables):
            if known == name:
                return value
        raise GoTemplateError(line, f"undefined variable {shown(name)}")

    def _fields(self, value: Any, names: tuple[str, ...], line: int) -> Any:
        for place, name in enumerate(names):
            self._meter.step()
            if value is None and place == 0:
                return None  # of nothing, everything is nothing; of a value that is nil, nothing can be had
            if value is None:
                raise GoTemplateError(line, f"nil pointer evaluating interface {{}}.{name[:40]}")
            value = _field(value, name, line)
        return value

    def _call(self, dot: Any, called: Identifier, args: tuple[Operand, ...], piped: Any) -> Any:
        if called.name in SHORT_CIRCUIT:
            return self._short_circuit(dot, called, args, piped)
        values = [self._operand(dot, arg) for arg in args]
        if piped is not NOTHING:
            values.append(piped)
        try:
            result = self._functions[called.name](values)
        except FunctionError as error:
            raise GoTemplateError(called.line, f"error calling {called.name[:40]}: {error}") from None
        self._meter.step(_n_chars(values) + _n_chars([result]))
        return result

    def _short_circuit(self, dot: Any, called: Identifier, args: tuple[Operand, ...], piped: Any) -> Any:
        """The first value that decides, else the last; what stands behind is not evaluated."""
        if not args and piped is NOTHING:
            raise GoTemplateError(called.line, f"wrong number of args for {called.name}: want at least 1 got 0")
        value: Any = None
        for arg in args:
            value = self._operand(dot, arg)
            if is_true(value) == (called.name == "or"):
                return value
        return value if piped is NOTHING else piped


def _n_chars(values: list[Any]) -> int:
    return sum(len(value) for value in values if isinstance(value, str | list | bytes))


def _field(value: Any, name: str, line: int) -> Any:
    if called := method(value, name):
        return called(value)
    if value is None:
        return None
    if isinstance(value, Record):
        if name not in value.values:
            raise GoTemplateError(line, f"can't evaluate field {shown(name)} in type {value.kind.name}")
        return value.values[name]
    if isinstance(value, dict):
        return value.get(name)
    raise GoTemplateError(line, f"can't evaluate field {shown(name)} in type {type_name(value)}")
