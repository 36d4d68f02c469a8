from __future__ import annotations

import re

import orjson
import pytest

from api_ollama.tool_calls import tool_call_list
from inference.events import ToolCall


def test_a_call_is_written_as_ollama_writes_it() -> None:
    (call,) = tool_call_list([ToolCall("f", '{"b": 1,\n "a": "ü"}')])
    assert re.fullmatch(r"call_[a-z0-9]{8}", call.pop("id"))
    assert orjson.dumps(call) == '{"function":{"index":0,"name":"f","arguments":{"b":1,"a":"ü"}}}'.encode()


def test_calls_are_numbered_through_the_whole_answer() -> None:
    calls = tool_call_list([ToolCall("f", "{}"), ToolCall("f", "{}")], first=3)
    assert [call["function"]["index"] for call in calls] == [3, 4]
    assert calls[0]["id"] != calls[1]["id"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [('{"s":\n"\\ud800"}', rb'{"s":"\ud800"}'), ('{"n":\n123456789012345678901}', b'{"n":1.2345678901234568e+20}')],
)
def test_whatever_json_the_model_wrote_goes_into_one_line(arguments: str, expected: bytes) -> None:
    """Numbers too long for 64 bits are floats, as in Ollama."""
    assert expected in orjson.dumps(tool_call_list([ToolCall("f", arguments)]))
