"""Ollama's chat templates: Go's template language, called the way Ollama calls it (template/template.go).

The source comes from a model, so it is untrusted: rendering is bounded in steps, depth and text, and every failure is
a TemplateError that names the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from inference.chat.gotemplate import Executor, Function, FunctionError, Meter, parse
from inference.chat.gotemplate.nodes import Action, Command, Field, Pipe
from inference.chat.gotemplate.printing import MAX_VALUE_CHARS
from inference.chat.gotemplate.values import GoList, NilList
from inference.chat.ollama.names import names_used
from inference.chat.ollama.tags import thinking_tags
from inference.chat.ollama.turns import Collated, Turn, collate, cut_behind_response, turns
from inference.chat.ollama.values import json_text, tool_list, typescript
from inference.chat.prefill import END_OF_FINAL, left_open
from inference.errors import TemplateError
from inference.request import Message

# A Go action begins with a dot, a variable or a keyword, or has one behind a function's name. Jinja's never do, and
# Jinja's statements are no Go.
GO_ACTION = re.compile(
    r"\{\{-?\s*(?:[.$]|(?:if|range|with|else|end|define|block|template)\b|\w+\s+[.$(\"`]|(?:current|yesterday)Date\b|/\*)"
)
JINJA_STATEMENT = re.compile(r"\{%[-+]?\s*\w")
# What Ollama adds to a template that mentions neither messages nor a response.
RESPONSE = Action(0, Pipe(0, (Command(0, (Field(0, ("Response",)),)),)))
THINK_LEVELS = frozenset(["low", "medium", "high", "max"])
DATE = "%Y-%m-%d"
# Ollama's longest has ten thousand; compiling takes some seconds for as many as this.
MAX_SOURCE_CHARS = 1_000_000


def is_ollama_template(source: str) -> bool:
    """Whether this is a Go template rather than a Jinja one; text without any action is neither."""
    return GO_ACTION.search(source) is not None and JINJA_STATEMENT.search(source) is None


class OllamaTemplate:
    """A compiled template. ``render`` from any thread. Raises TemplateError, here and in ``render``.

    ``variables`` are the names it uses, in lower case: "tools" and "suffix" tell what the model is capable of. So do
    ``thinking_tags``, the texts around a message's thoughts, empty where it does not write them.
    """

    def __init__(self, source: str, *, now: Callable[[], datetime] = datetime.now) -> None:
        if len(source) > MAX_SOURCE_CHARS:
            raise TemplateError("the model's template is too long")
        self._program = parse(source, functions=_functions(now))
        self._nodes = self._program.nodes
        used = names_used([self._nodes, *self._program.templates.values()])
        if not used & {"messages", "response"}:
            self._nodes = (*self._nodes, RESPONSE)
            used |= {"response"}
        self.variables = used
        self.thinking_tags = thinking_tags(self._nodes)
        self._open_nodes = cut_behind_response(self._nodes)

    def render(
        self,
        messages: Sequence[Message],
        *,
        system: str = "",
        tools: Sequence[dict[str, Any]] = (),
        think: bool | str | None = None,
        suffix: str = "",
        prompt: str | None = None,
        continue_final_message: bool = False,
        max_chars: int | None = None,
    ) -> str:
        """The prompt's text.

        ``system`` goes before the messages as one of them, ``prompt`` behind them as the user's; with a ``suffix`` the
        prompt is to be filled in up to it, and messages don't count. ``think`` is false, true, or one of THINK_LEVELS.
        ``continue_final_message`` leaves the last message open, where the template itself would close it.
        """
        meter = Meter(max_chars=MAX_VALUE_CHARS if max_chars is None else max_chars + len(END_OF_FINAL))
        executor = Executor(self._program.templates, self._program.functions, meter)
        try:
            if prompt and suffix:
                executor.run(self._nodes, {"Prompt": prompt, "Suffix": suffix, "Response": "", **_thinking(think)})
            else:
                conversation = collate(_conversation(messages, system, prompt, open_final=continue_final_message))
                self._converse(executor, conversation, tools, think)
        except RecursionError:
            raise TemplateError("the messages or tools are nested too deeply for the model's template") from None
        text = meter.text()
        if continue_final_message:
            text = left_open(text)
        if max_chars is not None and len(text) > max_chars:
            raise TemplateError("the model's template made more text than the context could hold")
        return text

    def _converse(
        self,
        executor: Executor,
        conversation: list[Collated],
        tools: Sequence[dict[str, Any]],
        think: bool | str | None,
    ) -> None:
        if "messages" in self.variables:
            executor.run(self._nodes, _data(conversation, tools, think))
            return
        *closed, last = turns(conversation)
        for turn in closed:
            executor.run(self._nodes, _turn_data(turn, think))
        executor.run(self._open_nodes, _turn_data(last, think))


def _conversation(messages: Sequence[Message], system: str, prompt: str | None, *, open_final: bool) -> list[Message]:
    head = [Message(role="system", content=system)] if system else []
    tail = [Message(role="user", content=prompt)] if prompt else []
    conversation = [*head, *messages, *tail]
    if open_final and conversation:
        final = conversation[-1]
        conversation[-1] = _reworded(final, final.content + END_OF_FINAL)
    return conversation


def _reworded(message: Message, content: str) -> Message:
    return msgspec.structs.replace(message, content=content)


def _data(conversation: list[Collated], tools: Sequence[dict[str, Any]], think: bool | str | None) -> dict[str, Any]:
    system = "\n\n".join(message.content for message in conversation if message.role == "system")
    return {
        "System": system,
        "Messages": GoList(message.record() for message in conversation) or NilList(),
        "Tools": tool_list(tools),
        "Response": "",
        **_thinking(think),
    }


def _turn_data(turn: Turn, think: bool | str | None) -> dict[str, Any]:
    return {"System": turn.system, "Prompt": turn.prompt, "Response": turn.response, **_thinking(think)}


def _thinking(think: bool | str | None) -> dict[str, Any]:
    on = think in THINK_LEVELS if isinstance(think, str) else bool(think)
    level = think if isinstance(think, str) else "medium" if think else ""
    return {"Think": on, "ThinkLevel": level, "IsThinkSet": think is not None}


def _functions(now: Callable[[], datetime]) -> Mapping[str, Function]:
    return {
        "json": lambda args: json_text(_only(args)),
        "toTypeScriptType": lambda args: typescript(_only(args)),
        "currentDate": lambda args: now().strftime(DATE),
        "yesterdayDate": lambda args: (now() - timedelta(days=1)).strftime(DATE),
    }


def _only(args: Sequence[Any]) -> Any:
    if len(args) != 1:
        raise FunctionError(f"wrong number of args: want 1 got {len(args)}")
    return args[0]
