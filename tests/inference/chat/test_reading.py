from __future__ import annotations

from inference.chat.parsing import family_of
from inference.chat.reading import AnswerReader
from inference.events import Event, Finished, TextDelta, ThinkingDelta, TokenLogprob, ToolCall

HERMES = family_of('<think></think><tool_call>{{ tools }}{% if enable_thinking %}\n{"name": <function-name>')
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
FINISHED = Finished(reason="stop", n_prompt=1, n_cached=0, n_generated=9, prompt_seconds=0.0, decode_seconds=0.0)
LOGPROB = TokenLogprob(7, b"x", -0.5)
ANSWER = '<think>hm</think>Hello <tool_call>{"name": "f", "arguments": {"b": 1, "a": 2}}</tool_call>'


def reader(*, keeps_thinking: bool = True) -> AnswerReader:
    return AnswerReader(HERMES.parser(tools=[TOOL]), keeps_thinking=keeps_thinking)


def read(into: AnswerReader, text: str, *, logprobs: tuple[TokenLogprob, ...] = ()) -> list[Event]:
    return into.read([TextDelta(text, 1, logprobs)])


def test_text_thoughts_and_calls_are_told_apart() -> None:
    thoughts, text, call, end = reader().read([TextDelta(ANSWER, 9), FINISHED])
    assert thoughts == ThinkingDelta("hm", 9)
    assert isinstance(text, TextDelta)
    assert (text.text.strip(), text.n_tokens) == ("Hello", 0)
    assert call == ToolCall("f", '{"b": 1, "a": 2}')
    assert end == FINISHED


def test_a_call_comes_out_once_it_is_whole_and_at_the_latest_at_the_end() -> None:
    stream = reader()
    parts = [event for char in ANSWER for event in read(stream, char)] + stream.read([FINISHED])
    assert [event for event in parts if isinstance(event, ToolCall)] == [ToolCall("f", '{"b": 1, "a": 2}')]
    assert "".join(event.text for event in parts if isinstance(event, TextDelta)).strip() == "Hello"


def test_logprobs_of_text_that_is_held_back_go_out_with_an_empty_delta() -> None:
    assert read(reader(), "<tool", logprobs=(LOGPROB,)) == [TextDelta("", 1, (LOGPROB,))]


def test_logprobs_go_out_with_the_text_they_brought() -> None:
    assert read(reader(), "Hi", logprobs=(LOGPROB,)) == [TextDelta("Hi", 1, (LOGPROB,))]


def test_thoughts_that_nobody_asked_for_are_left_out() -> None:
    events = reader(keeps_thinking=False).read([TextDelta(ANSWER, 9), FINISHED])
    assert not any(isinstance(event, ThinkingDelta) for event in events)
    assert "hm" not in "".join(event.text for event in events if isinstance(event, TextDelta))
