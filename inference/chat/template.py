"""Chat templates: the model's own Jinja source, rendered by minijinja under a limit of steps and of output.

The source comes from a model file, so it is untrusted. minijinja has no way to the interpreter or the file system, and
its fuel ends loops that never would (faults S25). It can't bound a single filter's output, so the worker that renders
has a limit on its memory as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import minijinja
import msgspec

from inference.chat.defaults import CHATML
from inference.chat.prefill import END_OF_FINAL, left_open
from inference.chat.shapes import as_dict, shape_of, think_variables, tools_list
from inference.errors import TemplateError
from inference.request import Message

FUEL = 2_000_000
MAX_SOURCE_CHARS = 1_000_000
# Hugging Face's tag for training masks; minijinja does not know it, and it renders to nothing.
GENERATION_TAG = re.compile(r"\{%-?\s*(?:end)?generation\s*-?%\}")
NAME = "chat"
PROBE = "What stands here?"


class ChatTemplate:
    """A compiled template. ``render`` from any thread, one at a time.

    ``bos`` and ``eos`` are the model's special tokens as text. Raises TemplateError, here and in ``render``.
    """

    def __init__(
        self, source: str | None, *, bos: str = "", eos: str = "", now: Callable[[], datetime] = datetime.now
    ) -> None:
        self._bos = bos
        self._eos = eos
        self._environment = _environment(now)
        source = source or CHATML
        self._shape = shape_of(source)
        if len(source) > MAX_SOURCE_CHARS:
            raise TemplateError("the model's chat template is too long")
        try:
            self._environment.add_template(NAME, GENERATION_TAG.sub("", source))
        except minijinja.TemplateError as error:
            raise TemplateError(f"the model's chat template is not valid: {_reason(error)}") from None
        self._shape = replace(self._shape, parts=self._wants_parts())

    def _wants_parts(self) -> bool:
        """Asked with one message: a template that goes through the parts of its content finds none in a text."""
        for parts in (False, True):
            shape = replace(self._shape, parts=parts)
            variables = {"messages": [as_dict(Message(role="user", content=PROBE), shape)], "bos_token": self._bos}
            try:
                if PROBE in self._render(variables | {"eos_token": self._eos, "add_generation_prompt": True}):
                    return parts
            except TemplateError:
                continue
        return False

    def render(
        self,
        messages: Sequence[Message],
        *,
        continue_final_message: bool = False,
        tools: Sequence[dict[str, Any]] = (),
        think: bool | str | None = None,
        max_chars: int | None = None,
    ) -> str:
        """The prompt's text. ``continue_final_message`` leaves the last message open, so that the model goes on in it.

        ``tools`` is left out rather than passed empty: templates ask ``if tools is defined`` and ``is not none``. None
        as ``think`` leaves it to the template.
        """
        variables: dict[str, Any] = {
            "add_generation_prompt": not continue_final_message,
            "bos_token": self._bos,
            "eos_token": self._eos,
            **think_variables(think, self._shape),
        }
        if tools:
            variables["tools"] = tools_list(tools)
        text = self._converse(messages, variables, open_final=continue_final_message)
        if max_chars is not None and len(text) > max_chars:
            raise TemplateError("the chat template made more text than the context could hold")
        return left_open(text)

    def _converse(self, messages: Sequence[Message], variables: dict[str, Any], *, open_final: bool) -> str:
        """A few templates join a call's arguments to text, and fail where they are the object that most expect."""
        try:
            return self._render(variables | {"messages": self._dicts(messages, open_final=open_final)})
        except TemplateError:
            if not any(message.tool_calls for message in messages):
                raise
            dicts = self._dicts(messages, open_final=open_final, string_arguments=True)
            return self._render(variables | {"messages": dicts})

    def _dicts(
        self, messages: Sequence[Message], *, open_final: bool, string_arguments: bool = False
    ) -> list[dict[str, Any]]:
        if open_final and messages:
            final = messages[-1]
            messages = [*messages[:-1], msgspec.structs.replace(final, content=final.content + END_OF_FINAL)]
        return [as_dict(message, self._shape, string_arguments=string_arguments) for message in messages]

    def _render(self, variables: dict[str, Any]) -> str:
        try:
            return self._environment.render_template(NAME, **variables)
        except minijinja.TemplateError as error:
            raise TemplateError(f"the chat template can't render these messages: {_reason(error)}") from None
        except _Refused as error:
            raise TemplateError(str(error)) from None


class _Refused(Exception):
    """The template called ``raise_exception``."""


def _environment(now: Callable[[], datetime]) -> minijinja.Environment:
    environment = minijinja.Environment(
        trim_blocks=True, lstrip_blocks=True, pycompat=True, undefined_behavior="lenient", fuel=FUEL
    )
    environment.auto_escape_callback = lambda name: None
    environment.add_global("raise_exception", _raise_exception)
    environment.add_global("strftime_now", lambda pattern: now().strftime(pattern))
    environment.add_filter("tojson", _tojson)
    return environment


def _raise_exception(message: str) -> None:
    raise _Refused(f"the chat template refuses these messages: {message}")


def _tojson(value: Any, indent: int | None = None, **ignored: Any) -> str:
    """Plain JSON, as Hugging Face's templates expect; Jinja's own escapes HTML."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _reason(error: minijinja.TemplateError) -> str:
    return str(error).splitlines()[0]
