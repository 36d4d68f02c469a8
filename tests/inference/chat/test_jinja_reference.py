"""Real models' Jinja templates, rendered by minijinja and by Jinja2 as Hugging Face sets it up: byte for byte the same.

Conversations have system texts, tools, thinking, calls and their results. A template that refuses one has to refuse it
in both.
"""

from __future__ import annotations

import itertools
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
import jinja2.sandbox
import pytest

from inference.chat.history import linked
from inference.chat.shapes import as_dict, shape_of, think_variables, tools_list
from inference.chat.template import GENERATION_TAG, ChatTemplate
from inference.errors import TemplateError
from inference.request import Message

FOLDER = Path(__file__).parent / "data" / "jinja"
TEMPLATES = sorted(path.name for path in FOLDER.glob("*.jinja*"))
NOW = datetime(2026, 11, 22)

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": 'Weather "now" in a <city> & more',
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Name of the city: é, 東京"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                "days": {"type": "array", "items": {"type": "integer"}},
                "where": {"type": "object", "properties": {"lat": {"type": "number"}}, "required": ["lat"]},
            },
            "required": ["city"],
        },
    },
}
CLOCK = {
    "type": "function",
    "function": {"name": "clock", "description": "", "parameters": {"type": "object", "properties": {}}},
}


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"id": f"call_{name:_<8.8}", "type": "function", "function": {"name": name, "arguments": arguments}}


SYSTEM = Message(role="system", content="Be brief.\nAlways.")
HI = Message(role="user", content="Hi <b>ö</b> {{ x }}")
HELLO = Message(role="assistant", content="Hello.", thinking="They greet.\nSo do I.")
ASK = Message(role="user", content="Weather in Paris?")
CALLING = Message(
    role="assistant",
    thinking="I look.",
    tool_calls=(call("get_weather", city="Paris", days=[1, 2], where={"lat": 48.5}),),
)
TWO = Message(
    role="assistant", content="Both:", tool_calls=(call("clock"), call("get_weather", city="東京", unit="celsius"))
)
SUNNY = Message(role="tool", content='{"sky": "sunny"}', tool_name="get_weather")
NOON = Message(role="tool", content="12:00", tool_name="clock")

TALKS: dict[str, list[Message]] = {
    "one": [HI],
    "system": [SYSTEM, HI],
    "several": [SYSTEM, HI, HELLO, ASK],
    "old thoughts in the text": [HI, Message(role="assistant", content="<think>\nold\n</think>\n\nHello."), ASK],
    "called": [SYSTEM, ASK, CALLING, SUNNY],
    "called and answered": [ASK, CALLING, SUNNY, Message(role="assistant", content="Sunny."), HI],
    "called twice at once": [ASK, TWO, NOON, SUNNY],
}
TOOLS: list[list[dict[str, Any]]] = [[], [WEATHER, CLOCK]]
THINK: list[bool | str | None] = [None, True, False, "low"]


def oracle(source: str) -> jinja2.Template:
    """Hugging Face's set-up: transformers, ``_compile_jinja_template`` in utils/chat_template_utils.py."""
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = lambda value, indent=None, **_: json.dumps(value, ensure_ascii=False, indent=indent)
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = NOW.strftime
    return environment.from_string(GENERATION_TAG.sub("", source))


def _refuse(message: str) -> None:
    raise jinja2.TemplateError(message)


_compiled: dict[str, tuple[ChatTemplate, jinja2.Template]] = {}


def both(name: str) -> tuple[ChatTemplate, jinja2.Template]:
    if name not in _compiled:
        source = (FOLDER / name).read_text()
        _compiled[name] = ChatTemplate(source, bos="<bos>", eos="<eos>", now=lambda: NOW), oracle(source)
    return _compiled[name]


@pytest.mark.parametrize("talk", TALKS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_it_renders_as_jinja2_does(name: str, talk: str) -> None:
    ours, theirs = both(name)
    messages = linked(TALKS[talk])
    shape = shape_of((FOLDER / name).read_text())
    for tools, think in itertools.product(TOOLS, THINK):
        variables: dict[str, Any] = {"bos_token": "<bos>", "eos_token": "<eos>", "add_generation_prompt": True}
        variables |= think_variables(think, shape) | ({"tools": tools_list(tools)} if tools else {})
        try:
            expected = theirs.render(messages=[as_dict(message, shape) for message in messages], **variables)
        except jinja2.TemplateError:
            with pytest.raises(TemplateError):
                ours.render(messages, tools=tools, think=think)
        else:
            assert ours.render(messages, tools=tools, think=think) == expected


def test_no_template_refuses_everything() -> None:
    """Or the test above would compare nothing."""
    for name in TEMPLATES:
        assert "Hi <b>ö</b> {{ x }}" in both(name)[0].render([HI], think=True)
