"""Chat templates: the model's own Jinja source, rendered by minijinja under a limit of steps and of output.

The source comes from a model file, so it is untrusted. minijinja has no way to the interpreter or the file system, and
its fuel ends loops that never would (faults S25). It can't bound a single filter's output, so the worker that renders
has a limit on its memory as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import minijinja

from inference.chat.prefill import END_OF_FINAL, left_open
from inference.errors import TemplateError
from inference.request import Message

# What llama.cpp falls back to as well where a file brings no template.
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
FUEL = 2_000_000
MAX_SOURCE_CHARS = 1_000_000
# Hugging Face's tag for training masks; minijinja does not know it, and it renders to nothing.
GENERATION_TAG = re.compile(r"\{%-?\s*(?:end)?generation\s*-?%\}")
NAME = "chat"


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
        if len(source) > MAX_SOURCE_CHARS:
            raise TemplateError("the model's chat template is too long")
        try:
            self._environment.add_template(NAME, GENERATION_TAG.sub("", source))
        except minijinja.TemplateError as error:
            raise TemplateError(f"the model's chat template is not valid: {_reason(error)}") from None

    def render(
        self,
        messages: Sequence[Message],
        *,
        continue_final_message: bool = False,
        tools: Sequence[dict[str, Any]] = (),
        max_chars: int | None = None,
    ) -> str:
        """The prompt's text. ``continue_final_message`` leaves the last message open, so that the model goes on in it.

        ``tools`` is left out rather than passed empty: templates ask ``if tools is defined`` and ``is not none``.
        """
        rendered = [as_dict(message) for message in messages]
        if continue_final_message and rendered:
            rendered[-1]["content"] += END_OF_FINAL
        variables: dict[str, Any] = {
            "messages": rendered,
            "add_generation_prompt": not continue_final_message,
            "bos_token": self._bos,
            "eos_token": self._eos,
        }
        if tools:
            variables["tools"] = list(tools)
        text = self._render(variables)
        if max_chars is not None and len(text) > max_chars:
            raise TemplateError("the chat template made more text than the context could hold")
        return left_open(text)

    def _render(self, variables: dict[str, Any]) -> str:
        try:
            return self._environment.render_template(NAME, **variables)
        except minijinja.TemplateError as error:
            raise TemplateError(f"the chat template can't render these messages: {_reason(error)}") from None
        except _Refused as error:
            raise TemplateError(str(error)) from None


class _Refused(Exception):
    """The template called ``raise_exception``."""


def as_dict(message: Message) -> dict[str, Any]:
    """A message as templates know it: absent rather than empty, and OpenAI's names."""
    fields: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.thinking:
        fields["thinking"] = fields["reasoning_content"] = message.thinking
    if message.tool_calls:
        fields["tool_calls"] = list(message.tool_calls)
    if message.tool_name:
        fields["name"] = fields["tool_name"] = message.tool_name
    if message.tool_call_id:
        fields["tool_call_id"] = message.tool_call_id
    return fields


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
