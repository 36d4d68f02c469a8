"""A family of models: the syntax of its thoughts and calls, as one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inference.chat.parsing.forcing import Force, Function
from inference.chat.parsing.opening import behind_marker, with_names
from inference.chat.parsing.parser import Parser, Script
from inference.chat.parsing.script import Syntax, script_of
from inference.chat.parsing.tools import Check, Tools
from inference.errors import InvalidRequest
from inference.request import Constraint, LazyConstraint, Opening, ThinkingSpan
from inference.schemas import relaxed, shape_only

Tool = Mapping[str, Any]
# For a syntax of its own: (tools, thinking_open) to the parser's script.
Own = Callable[[Tools, bool], Script]

NO_SYNTAX = Syntax()


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """``thinking`` None: the model does not think aloud. ``preserved`` are the special tokens the parser has to see.

    ``trims``: white space before a call is markup.

    ``force`` makes the grammar of an answer that is calls. Within free text ``hold``'s, or the same, holds from where
    one of ``openings`` stands: behind a marker of the ``syntax`` where there are none. ``sections``: what is opened may
    hold several calls.
    """

    name: str
    syntax: Syntax = NO_SYNTAX
    own: Own | None = None
    thinking: ThinkingSpan | None = None
    preserved: tuple[str, ...] = ()
    trims: bool = False
    force: Force | None = None
    hold: Force | None = None
    openings: tuple[Opening, ...] = ()
    sections: bool = False

    @property
    def knows_tools(self) -> bool:
        return self.force is not None

    def parser(
        self,
        *,
        tools: Sequence[Tool] = (),
        thinking_open: bool = False,
        check: Check | None = None,
        forced: bool = False,
    ) -> Parser:
        """``thinking_open``: the prompt ends within thoughts, so the answer begins there (``Started.thinking_open``).

        Without ``tools`` there are no calls, and their markers are text. So is a call that does not pass ``check``.
        ``forced``: the answer has to be calls.
        """
        offered = Tools(tools, check)
        if self.own is not None:
            script = self.own(offered, thinking_open)
        else:
            opened = self.thinking.start if self.thinking is not None and thinking_open else ""
            script = script_of(self.syntax, offered, opened=opened, forced=forced)
        return Parser(script, trims=self.trims)

    def forced(self, tools: Sequence[Tool], *, name: str | None = None, parallel: bool = False) -> Constraint:
        """What the answer must be to consist of calls of these tools, or of the one called ``name``, each with
        arguments that its schema allows. ``parallel``: one or more of them. Holds behind the thoughts.

        Raises InvalidRequest where no tool has that name, or the family knows no tools.
        """
        functions = functions_of(tools)
        chosen = [function for function in functions if name in (None, function.get("name"))]
        if not chosen:
            raise InvalidRequest(f"tool_choice names the tool {name!r}, which is not among the request's tools")
        if self.force is None:
            raise InvalidRequest("this model's chat template knows no tools")
        return Constraint(kind="lark", text=self.force(chosen, parallel))

    def forced_or(self, answer: str, tools: Sequence[Tool], *, parallel: bool = True) -> Constraint:
        """As ``forced``, or what the rule ``answer`` of Lark says in place of calls."""
        calls = self.forced(tools, parallel=parallel).text.removeprefix("start: ")
        return Constraint(kind="lark", text=f"start: calls | answer\nanswer: {answer}\ncalls: {calls}")

    def lazy(self, tools: Sequence[Tool], *, parallel: bool = True) -> LazyConstraint:
        """What every call within free text must be: one of these tools, with arguments that its schema allows.

        Where a schema can't be compiled as it is, what can't be kept to is left out of it, unless its function is
        ``strict``. Raises InvalidRequest where the family knows no tools.
        """
        hold = self.hold or self.force
        if hold is None:
            raise InvalidRequest("this model's chat template knows no tools")
        functions = functions_of(tools)
        versions = [functions, *([_less_strict(each, less) for each in functions] for less in (relaxed, shape_only))]
        texts = dict.fromkeys(hold(version, parallel and self.sections) for version in versions)
        openings = self.openings or tuple(map(behind_marker, self.syntax.calls))
        return LazyConstraint(
            openings=tuple(with_names(opening, [each["name"] for each in functions]) for opening in openings),
            constraints=tuple(Constraint(kind="lark", text=text) for text in texts),
            once=not parallel,
            needed=any(map(is_strict, functions)),
        )


def functions_of(tools: Sequence[Tool]) -> list[Function]:
    return [tool.get("function", tool) for tool in tools]


def is_strict(function: Function) -> bool:
    return function.get("strict") is True


def _less_strict(function: Function, less: Callable[[Any], Any]) -> Function:
    return function if is_strict(function) else {**function, "parameters": less(function.get("parameters"))}
