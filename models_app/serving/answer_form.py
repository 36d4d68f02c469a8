"""The form of a request's answer: how its model writes thoughts and calls, and which of them are wanted.

Chosen before the model is loaded, from its chat template; read off the stream by a parser in the server.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from inference.chat.calls import CallCheck
from inference.chat.ollama.template import MAX_SOURCE_CHARS
from inference.chat.parsing import PLAIN, Family, family_of, generic_of, literal
from inference.chat.reading import AnswerReader
from inference.constrain.schema import ANY_OBJECT, OPTIONS, parsed
from inference.errors import InvalidConstraint, InvalidRequest, NotSupported
from inference.events import Started
from inference.request import Constraint, LazyConstraint, ThinkingSpan
from models_app.entries import ServedModel
from models_app.serving.tools import AUTO, Tool, ToolChoice
from models_app.serving.unsuitable import unsuitable_tools
from power_site.conf import config

# Tokens of thought by level, where others that map levels to budgets put them (Gemini's reasoning_effort). False is
# none at all: a model that thinks anyway is stopped at once.
THINKING_BUDGETS: dict[bool | str, int] = {False: 0, True: -1, "low": 1024, "medium": 8192, "high": 24576, "max": -1}

# What stands between thoughts and answer, by the family's name (openai/harmony, docs/format.md), and of it the first
# part that stands in the prompt where the answer begins without thoughts.
ANSWER_HEADERS = {
    "harmony": ("<|start|>assistant", "<|channel|>final<|message|>"),
    "glimmer": ("<|start|>assistant", " to=user<|message|>"),
    "kimi-k3": ("<|open|>response<|sep|>", ""),
}

Think = bool | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerForm:
    """``tools`` are those the prompt shows, by the template or in words where ``in_words``; ``allowed`` are those that
    may be called in the answer.

    ``thinking`` is where the model thinks aloud, with the budget for it; ``constraint`` what the choice of a tool makes
    of the answer, and ``lazy`` what holds from where a call begins. Not ``parallel``: one call at most.
    """

    family: Family = PLAIN
    tools: tuple[Tool, ...] = ()
    allowed: tuple[Tool, ...] = ()
    in_words: bool = False
    think: Think = None
    thinking: ThinkingSpan | None = None
    constraint: Constraint | None = None
    lazy: LazyConstraint | None = None
    parallel: bool = True

    @property
    def is_text(self) -> bool:
        """Whether the answer is text and nothing else, which nobody has to read first."""
        return self.thinking is None and not self.tools and self.family.own is None

    @property
    def preserved(self) -> tuple[str, ...]:
        """The special tokens that the parser needs. Those of calls are no text where none can be made."""
        if self.is_text:
            return ()
        if self.tools or self.family.own is not None:
            return self.family.preserved
        marks = [mark for pair in self.family.syntax.thinking for mark in pair]
        return tuple(text for text in self.family.preserved if any(text in mark for mark in marks))

    def thinking_before(self, constraint: Constraint | None) -> ThinkingSpan | None:
        """What the engine watches: a constraint holds behind the thoughts. Only a model that is known to have some is
        made to have them, and one that puts a header before each part of its answer gets the answer's."""
        if constraint is None or self.thinking is None:
            return self.thinking
        if self.think is None:
            return None
        header = "".join(ANSWER_HEADERS.get(self.family.name, ()))
        if not header or self.tools:  # calls bring their own, and so does an answer in their place
            return self.thinking
        return msgspec.structs.replace(self.thinking, end=self.thinking.end + header, budget=self.thinking.budget or 1)

    def held_to(self, asked: Constraint | None) -> Constraint | None:
        """What the answer has to be where a request asks for ``asked``: that, or calls where there may be some. Raises
        InvalidConstraint, and InvalidRequest for what can't stand beside calls."""
        if asked is None or self.constraint is not None or not self.tools:
            return self.constraint or asked
        before, header = ANSWER_HEADERS.get(self.family.name, ("", ""))
        rule = f"{f'({literal(before)})?' if before else ''} {literal(header)} {_answer_rule(asked)}"
        return self.family.forced_or(rule.strip(), self.allowed, parallel=self.parallel)

    def unsuitable(self, error: InvalidConstraint, constraint: Constraint | None) -> InvalidRequest:
        """What ``error`` is to the client, who never saw the grammar that its tools became: the tool and the reason."""
        if not self.tools or error.kind != "lark":
            return error
        grammar = constraint or (self.lazy.constraints[-1] if self.lazy is not None else None)
        return unsuitable_tools(error, grammar=grammar.text if grammar is not None else "", tools=self.allowed)

    def reader(self, started: Started) -> AnswerReader | None:
        """None where the answer is text."""
        if self.is_text:
            return None
        check = CallCheck(self.allowed, most=None if self.parallel else 1)
        forced = self.constraint is not None
        parser = self.family.parser(tools=self.tools, thinking_open=started.thinking_open, check=check, forced=forced)
        return AnswerReader(parser, keeps_thinking=self.think is not False)


# An answer that is text and nothing else.
TEXT_FORM = AnswerForm()


def model_think(served: ServedModel, think: Think, *, requested: str) -> Think:
    """A model that can think does, unless it is told not to (server/routes.go). Raises NotSupported."""
    if "thinking" in served.capabilities:
        return True if think is None else think
    if think:
        raise NotSupported(f'"{requested}" does not support thinking')
    return think


def answer_form(
    served: ServedModel,
    *,
    think: Think = None,
    tools: Sequence[Tool] = (),
    choice: ToolChoice = AUTO,
    parallel: bool = True,
    generic: bool = False,
    template: str = "",
) -> AnswerForm:
    """``parallel``: an answer may hold more calls than one. ``template`` is the request's own.

    Raises NotSupported for tools that the model doesn't know, unless they may be told of in words (``generic``, or the
    setting ``generic_tools``), and InvalidRequest for a choice that can't be had.
    """
    family = _family_asked(template) if template else _family(_template(served), served.architecture)
    thinking = _budgeted(family.thinking, think)
    if think == "max" and family.name == "harmony":
        think = "high"  # the most that gpt-oss has a word for (shouldUseHarmony, server/routes.go)
    if not tools or choice.mode == "none":
        return AnswerForm(family=family, think=think, thinking=thinking)
    tools = [tool for tool in tools if not choice.allowed or tool["function"]["name"] in choice.allowed]
    in_words = "tools" not in served.capabilities
    if in_words and not (generic or config().generic_tools):
        raise NotSupported(f"{served.name.full} does not support tools")
    if in_words or not family.knows_tools:
        family = generic_of(family)
    called = [tool for tool in tools if choice.name in ("", tool["function"]["name"])]
    parallel = parallel and not choice.name
    constraint = lazy = None
    if choice.mode == "required":
        constraint = family.forced(called, parallel=parallel)
    else:
        lazy = family.lazy(tools, parallel=parallel)
    return AnswerForm(
        family=family,
        tools=tuple(tools),
        allowed=tuple(called),
        in_words=in_words,
        think=think,
        thinking=thinking,
        constraint=constraint,
        lazy=lazy,
        parallel=parallel,
    )


def _answer_rule(asked: Constraint) -> str:
    if asked.kind not in ("json", "json_schema"):
        raise InvalidRequest("tools can't be offered where the answer is held to a grammar")
    schema = parsed(ANY_OBJECT if asked.kind == "json" else asked.text)
    return "%json " + json.dumps(schema | {"x-guidance": OPTIONS}, ensure_ascii=False)


def _budgeted(span: ThinkingSpan | None, think: Think) -> ThinkingSpan | None:
    if span is None or think is None:
        return span
    return msgspec.structs.replace(span, budget=THINKING_BUDGETS[think])


def _template(served: ServedModel) -> str:
    return served.template or served.chat_template


def _family_asked(template: str) -> Family:
    """Of a request's template, which nobody keeps. Longer ones are refused when they are compiled."""
    return family_of(template[:MAX_SOURCE_CHARS])


@lru_cache(maxsize=256)
def _family(template: str, architecture: str) -> Family:
    return family_of(template, architecture=architecture)
