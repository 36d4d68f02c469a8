"""JSON behind a marker: the families that differ from Hermes in nothing but their tags."""

from __future__ import annotations

from collections.abc import Sequence

from inference.chat.parsing.forcing import Force, Function, grammar, json_call
from inference.chat.parsing.formats.hermes import json_reader

READERS = {
    "<TOOLCALL>": json_reader("</TOOLCALL>"),
    "<toolcall>": json_reader("</toolcall>"),
    "<|tool_call|>": json_reader("<|/tool_call|>", "<|end_of_tool_call|>"),
    "functools": json_reader(),
    "<tool_calls>": json_reader("</tool_calls>"),
    "<|action_start|><|plugin|>": json_reader("<|action_end|>"),
}


def force(opening: str, closing: str, *, as_list: bool) -> Force:
    """``opening`` and ``closing`` stand around the whole list; around one call where it is none."""
    start, end = (f"{opening}[", f"]{closing}") if as_list else (opening, closing)

    def grammar_of(functions: Sequence[Function], parallel: bool) -> str:
        return grammar(
            functions, json_call("", ""), start=start, separator=", ", end=end, parallel=parallel and as_list
        )

    return grammar_of
