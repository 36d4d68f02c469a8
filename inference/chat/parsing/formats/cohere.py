"""Command R's calls: JSON between tokens, with parameters under names of its own.

Command R7B and A: ``<|START_THINKING|>…<|END_THINKING|><|START_ACTION|>[{"tool_call_id": "0", "tool_name": "f",
"parameters": {…}}]<|END_ACTION|>``, text within ``<|START_RESPONSE|>…<|END_RESPONSE|>``; Command R:
``Action: ```json [{"tool_name": "f", "parameters": {…}}] ``` ``, where ``directly_answer`` is no call.
"""

from __future__ import annotations

from collections.abc import Sequence

from inference.chat.parsing.forcing import Function, grammar, json_call
from inference.chat.parsing.jsontext import calls_in, read_value
from inference.chat.parsing.script import Emit
from inference.chat.parsing.source import Source, Step
from inference.chat.parsing.tools import Tools
from inference.request import Opening

ACTION, ACTION_END = "<|START_ACTION|>", "<|END_ACTION|>"
THINKING = ("<|START_THINKING|>", "<|END_THINKING|>")
RESPONSE = ("<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>")
PRESERVED = (ACTION, ACTION_END, *THINKING, *RESPONSE)
ANSWERS = "directly_answer"


def action(source: Source, tools: Tools, emit: Emit) -> Step[None]:
    """Behind ``Action:``, in a fence."""
    yield from source.spaces()
    yield from source.expect("```json")
    yield from source.spaces()
    for call in calls_in((yield from read_value(source))):
        if call.name in tools or call.name != ANSWERS:
            emit(call)
    yield from source.spaces()
    yield from source.accept("```")


def force(functions: Sequence[Function], parallel: bool) -> str:
    call = json_call("", "", before_name='{"tool_call_id": "0", "tool_name": ', arguments_key="parameters")
    return grammar(functions, call, start=ACTION + "[", separator=", ", end="]" + ACTION_END, parallel=parallel)


OPENINGS = (Opening(pattern=r"Action:\s*```json", begins="Action: ```json"),)


def hold_action(functions: Sequence[Function], parallel: bool) -> str:
    """The model may also say that it answers without a tool."""
    return force_action([*functions, {"name": ANSWERS}], parallel)


def force_action(functions: Sequence[Function], parallel: bool) -> str:
    call = json_call("", "", before_name='{"tool_name": ', arguments_key="parameters")
    start, end = "Action: ```json\n[", "]\n```"
    return grammar(functions, call, start=start, separator=", ", end=end, parallel=parallel)
