"""Every family, by name."""

from __future__ import annotations

from inference.chat.parsing.family import Family
from inference.chat.parsing.formats import generic, hermes
from inference.chat.parsing.script import Syntax
from inference.request import ThinkingSpan

THINK_TAGS = ThinkingSpan(start="<think>", end="</think>")
TAGS = (("<think>", "</think>"),)

PLAIN = Family(name="plain")
THINKING = Family(name="thinking", syntax=Syntax(thinking=TAGS), thinking=THINK_TAGS, trims=True)
GENERIC = Family(
    name="generic",
    syntax=Syntax(
        calls={
            "```": generic.fenced,
            "<tool_call>": generic.tagged("</tool_call>"),
            "{": generic.opened_by("{"),
            "[": generic.opened_by("["),
        },
        thinking=TAGS,
    ),
    trims=True,
    force=generic.force,
)
HERMES = Family(
    name="hermes",
    syntax=Syntax(calls={"<tool_call>": hermes.json_reader("</tool_call>")}, thinking=TAGS),
    thinking=THINK_TAGS,
    preserved=("<tool_call>", "</tool_call>", "<think>", "</think>"),
    trims=True,
    force=hermes.force,
)
