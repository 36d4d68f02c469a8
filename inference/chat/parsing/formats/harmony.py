"""gpt-oss' Harmony: every part of an answer is a message with a channel.

``<|start|>assistant to=functions.f<|channel|>commentary <|constrain|>json<|message|>{…}<|call|>``: analysis is thought,
final and commentary are text, and what is addressed to ``functions.…`` is a call, on whatever channel. The recipient
stands in the role's part or in the channel's (openai/harmony, docs/format.md). The first message's
``<|start|>assistant`` is part of the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from inference.chat.parsing.answer import Answer
from inference.chat.parsing.forcing import Function, grammar, literal
from inference.chat.parsing.formats.messages import Messages
from inference.chat.parsing.jsontext import read_object
from inference.chat.parsing.parser import Script
from inference.chat.parsing.source import Ended, Malformed, Markers, Refused, Source, Step
from inference.chat.parsing.tools import Tools, call_of
from inference.request import Opening, ThinkingSpan

START, CHANNEL, MESSAGE, CONSTRAIN = "<|start|>", "<|channel|>", "<|message|>", "<|constrain|>"
END, CALL, RETURN = "<|end|>", "<|call|>", "<|return|>"
PRESERVED = (START, CHANNEL, MESSAGE, CONSTRAIN, END, CALL, RETURN)
THINKING = ThinkingSpan(start="<|channel|>analysis<|message|>", end=END)
FUNCTIONS = "functions."
HEADER_ENDS = Markers(MESSAGE, START, END)
MESSAGES = Messages(START, END, CALL, RETURN)
RECIPIENT = re.compile(r"\bto=([^\s<]+)")
CLEAN = re.compile(r"(?:assistant)?(?: to=\S+)?(?:<\|channel\|>)?(?:\w+)?(?: to=\S+)?\s*(?:<\|constrain\|>)?\w*")


@dataclass(frozen=True, slots=True)
class Header:
    channel: str
    recipient: str

    @classmethod
    def of(cls, text: str) -> Header:
        role, _, channel = text.rpartition(CHANNEL)
        found = RECIPIENT.search(channel) or RECIPIENT.search(role.partition(CHANNEL)[0])
        return cls(channel=channel.split(CONSTRAIN)[0].split(" ")[0].strip(), recipient=found[1] if found else "")


def script(tools: Tools, thinking_open: bool) -> Script:
    return lambda source, answer: _run(source, answer, tools, thinking_open)


def _run(source: Source, answer: Answer, tools: Tools, thinking_open: bool) -> Step[None]:
    if thinking_open:
        yield from MESSAGES.think(source, answer)
    while not (yield from source.at_end()):
        if not (yield from source.looking_at(START, CHANNEL, " to=")):
            yield from MESSAGES.body(source, answer.text)
            continue
        yield from source.accept(START)
        yield from _message(source, answer, tools)


def _message(source: Source, answer: Answer, tools: Tools) -> Step[None]:
    pieces: list[str] = []
    while (mark := (yield from source.until(HEADER_ENDS, pieces.append))) == START:
        pieces.clear()
    text = "".join(pieces)
    if mark != MESSAGE:
        # A header that is cut off is markup; one that holds an answer is the model's slip.
        if not mark and not CLEAN.fullmatch(text):
            answer.text(text.rpartition(CHANNEL)[2])
        answer.is_cut = not mark and FUNCTIONS in text
        return
    header = Header.of(text)
    if header.recipient.startswith(FUNCTIONS):
        yield from _read_call(source, answer, tools, header.recipient.removeprefix(FUNCTIONS))
    elif header.recipient and header.recipient != "assistant":
        # Something only OpenAI's own harness has: a browser, an interpreter.
        yield from MESSAGES.body(source, lambda piece: None)
    elif header.channel == "analysis":
        yield from MESSAGES.think(source, answer)
    else:
        yield from MESSAGES.body(source, answer.text)


def _read_call(source: Source, answer: Answer, tools: Tools, name: str) -> Step[None]:
    source.record()
    try:
        arguments = yield from read_object(source)
        answer.call(tools.checked(call_of(name, arguments)))
    except Malformed as error:
        text = source.recorded()
        answer.text(error.text if isinstance(error, Refused) else text)
        yield from MESSAGES.body(source, answer.text)
    except Ended:
        answer.is_cut = True
    else:
        yield from source.spaces()
        yield from source.accept(END, CALL, RETURN)


# The recipient stands behind the channel or behind the role; the grammar goes on with the tool's name.
OPENINGS = tuple(
    Opening(
        pattern=pattern + re.escape(f" to={FUNCTIONS}"), begins=f"{CHANNEL}commentary to={FUNCTIONS}", at_start=at_start
    )
    for pattern, at_start in (
        (rf"{re.escape(CHANNEL)}\w+", False),
        (re.escape(f"{START}assistant"), False),
        (r"\s*", True),
    )
)


def force(functions: Sequence[Function], parallel: bool) -> str:
    """One call: ``<|call|>`` ends the answer. What comes behind the thoughts begins a message."""

    def call(function: Function, rule: str) -> str:
        header = f"{CHANNEL}commentary to={FUNCTIONS}{function['name']} {CONSTRAIN}json{MESSAGE}"
        return f"({literal(START + 'assistant')})? {literal(header)} {rule}"

    return grammar(functions, call, separator=CALL, parallel=parallel)
