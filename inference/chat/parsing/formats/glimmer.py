"""Muse Glimmer's answers: messages addressed to somebody, with calls in an XML of its own.

``<|start|>assistant to=self<|message|>…<|eom|>`` are thoughts, ``to=user`` is text, and ``to=f`` holds
``<atem:function_calls>\\n<atem:invoke name="f">\\n<atem:parameter name="p">v</atem:parameter>\\n</atem:invoke>\\n``
``</atem:function_calls>``. A message that begins with a call of a tool on offer, or of the one it is addressed to,
is that call.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from inference.chat.parsing.answer import Answer
from inference.chat.parsing.forcing import Function, grammar, literal
from inference.chat.parsing.formats.dsml import Dialect
from inference.chat.parsing.formats.messages import Messages
from inference.chat.parsing.opening import NAMES
from inference.chat.parsing.parser import Script
from inference.chat.parsing.source import Ended, Malformed, Markers, Refused, Source, Step
from inference.chat.parsing.tools import Tools
from inference.events import ToolCall
from inference.request import Opening, ThinkingSpan

START, MESSAGE, ENDS = "<|start|>", "<|message|>", ("<|eom|>", "<|eot|>")
PRESERVED = (START, MESSAGE, *ENDS)
THINKING = ThinkingSpan(start=" to=self<|message|>", end="<|eom|>")
ATEM = Dialect("atem:function_calls", "atem:", tells_strings=False)
READ = ATEM.calls()[ATEM.whole]
MESSAGES = Messages(START, *ENDS)
HEADER_ENDS = Markers(MESSAGE)
HEADER = re.compile(r"(?:<\|start\|>)?(?:assistant)?(?: to=(\S*))?")


def script(tools: Tools, thinking_open: bool) -> Script:
    return lambda source, answer: _run(source, answer, tools, thinking_open)


def _run(source: Source, answer: Answer, tools: Tools, thinking_open: bool) -> Step[None]:
    if thinking_open:
        yield from MESSAGES.think(source, answer)
    while not (yield from source.at_end()):
        if not (yield from source.looking_at(START, MESSAGE, " to=")):
            yield from MESSAGES.body(source, answer.text)
            continue
        pieces: list[str] = []
        mark = yield from source.until(HEADER_ENDS, pieces.append)
        header = HEADER.fullmatch("".join(pieces))
        if header is None:
            answer.text("".join(pieces))
        elif mark and header[1] == "self":
            yield from MESSAGES.think(source, answer)
        elif mark:
            yield from _message(source, answer, tools, header[1] or "")


def _message(source: Source, answer: Answer, tools: Tools, recipient: str) -> Step[None]:
    source.record()
    yield from source.spaces()
    if tools and (yield from source.accept(ATEM.whole)):
        calls: list[ToolCall] = []
        try:
            yield from READ(source, tools, calls.append)
        except Ended:
            answer.is_cut = True
            return
        except Malformed:
            calls.clear()
        if calls and all(call.name in tools or call.name == recipient for call in calls):
            try:
                for call in calls:
                    answer.call(tools.checked(call))
            except Refused as error:
                answer.text(error.text)
            yield from MESSAGES.body(source, lambda piece: None)
            return
    answer.text(source.recorded())
    yield from MESSAGES.body(source, answer.text)


OPENINGS = (Opening(pattern=rf" to={NAMES}{re.escape(MESSAGE)}", begins=rf" to=\1{MESSAGE}"),)


def force(functions: Sequence[Function], parallel: bool) -> str:
    """A message for each call. What comes behind the thoughts begins one."""

    def call(function: Function, rule: str) -> str:
        opening = f'{ATEM.whole}\n{ATEM.invoke} name="{function["name"]}">\n'
        closing = f"{ATEM.invoke_end}\n{ATEM.whole_end}"
        header = f" to={function['name']}{MESSAGE}"
        head = f"({literal(START + 'assistant')})? {literal(header + opening)}"
        return f"{head} {rule} {literal(closing)}"

    return grammar(functions, call, separator=ENDS[0], parallel=parallel, arguments=ATEM.arguments())
