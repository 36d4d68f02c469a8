from __future__ import annotations

from inference.chat.generic_turns import generic_turns
from inference.request import Message

TOOL = {"type": "function", "function": {"name": "f", "description": "Does it.", "parameters": {"type": "object"}}}
USER = Message(role="user", content="hi")


def test_the_tools_are_described_in_a_system_message_of_their_own() -> None:
    system, user = generic_turns([USER], [TOOL])
    assert system.role == "system"
    assert '"Does it."' in system.content
    assert user == USER


def test_a_system_message_that_is_there_goes_first() -> None:
    system, _ = generic_turns([Message(role="system", content="Be brief."), USER], [TOOL])
    assert system.content.startswith("Be brief.\n\n")
    assert '"f"' in system.content


def test_calls_and_results_become_words() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": {"b": 1, "a": "ü"}}}
    asked = Message(role="assistant", content="Well.", tool_calls=(call,))
    result = Message(role="tool", content="4", tool_name="f", tool_call_id="1")
    said, told = generic_turns([asked, result], [])
    assert said == Message(role="assistant", content='Well.\n{"name": "f", "arguments": {"b": 1, "a": "ü"}}')
    assert told == Message(role="user", content="Result of f: 4")
