"""A model that thinks and calls tools, whose answer is written beforehand (test_anthropic.py)."""

from __future__ import annotations

from typing import Any

import pytest
from anthropic import Anthropic, beta_tool
from conftest import MODEL

ASKED: list[Any] = [{"role": "user", "content": "What is the weather in Paris?"}]
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "unit", "days"],
}
WEATHER: Any = {"name": "get_weather", "description": "Weather", "input_schema": SCHEMA}
CALLED = {"city": "Paris", "unit": "celsius", "days": 2}
ENABLED: Any = {"type": "enabled", "budget_tokens": 1024}


def ask(client: Anthropic, **fields: Any) -> Any:
    settings: dict[str, Any] = {"model": MODEL, "messages": ASKED, "max_tokens": 2000, "tools": [WEATHER]}
    return client.messages.create(**(settings | fields))


def streamed(client: Anthropic, **fields: Any) -> Any:
    settings: dict[str, Any] = {"model": MODEL, "messages": ASKED, "max_tokens": 2000, "tools": [WEATHER]}
    with client.messages.stream(**(settings | fields)) as stream:
        return stream.get_final_message()


@pytest.mark.parametrize("way", [ask, streamed])
def test_thoughts_text_and_call_are_blocks_in_this_order(client: Anthropic, way: Any) -> None:
    message = way(client, thinking=ENABLED)
    thinking, text, call = message.content
    assert (thinking.type, thinking.thinking) == ("thinking", "They ask for <tool_call>s.")
    assert (text.type, text.text) == ("text", "Let me see.")
    assert (call.type, call.name, call.input) == ("tool_use", "get_weather", CALLED)
    assert message.stop_reason == "tool_use"
    assert message.usage.output_tokens_details.thinking_tokens > 5


@pytest.mark.parametrize("way", [ask, streamed])
def test_thoughts_that_are_omitted_are_signed_and_go_back(client: Anthropic, way: Any) -> None:
    first = way(client, thinking={**ENABLED, "display": "omitted"})
    thinking = first.content[0]
    assert (thinking.type, thinking.thinking) == ("thinking", "")
    assert thinking.signature
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": "Sunny."}
        for block in first.content
        if block.type == "tool_use"
    ]
    talk = [*ASKED, {"role": "assistant", "content": first.content}, {"role": "user", "content": results}]
    assert ask(client, messages=talk).stop_reason == "tool_use"


def test_who_asks_for_no_thoughts_gets_none(client: Anthropic) -> None:
    for fields in ({}, {"thinking": {"type": "disabled"}}):
        assert ask(client, **fields).content[0].type != "thinking"


def test_the_tool_runner_runs_the_tools(client: Anthropic) -> None:
    seen = []

    @beta_tool
    def get_weather(city: str, unit: str, days: int) -> str:
        """Weather

        Args:
            city: The city.
            unit: Celsius or not.
            days: How many.
        """
        seen.append((city, unit, days))
        return "Sunny."

    runner = client.beta.messages.tool_runner(
        model=MODEL, max_tokens=2000, messages=ASKED, tools=[get_weather], max_iterations=2
    )
    messages = list(runner)
    assert len(messages) == 2
    assert seen[0] == ("Paris", "celsius", 2)
