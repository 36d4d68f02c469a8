"""models_app.serving: what of a model goes into a prompt, and what is refused before any model is loaded."""

from __future__ import annotations

import math
from typing import Any

import pytest

from inference import ModelSpec
from inference.chat.parsing import family_of
from inference.chat.reading import AnswerReader
from inference.errors import InvalidOption, NotSupported
from inference.events import Finished, Started, TextDelta, ThinkingDelta
from inference.request import Message
from models_app.answer_form import AnswerForm
from models_app.entries import ServedModel
from models_app.naming import ModelName
from models_app.serving import (
    Generation,
    chat_prompt,
    keep_alive_seconds,
    require_capability,
    require_completion,
    served_options,
    single_prompt,
    truncation_header,
)
from power_site.http import BadRequest
from tests.generations import FINISHED, ScriptedStream, generation, texts

SPEC = ModelSpec(
    name="m:latest",
    digest="ab" * 32,
    model_path="x",
    size_bytes=1,
    n_ctx_train=2048,
    kv_bytes_per_token=1,
    n_vocab=100,
)
USER = Message(role="user", content="hi")
THINKING = family_of("<think></think>")
PRESET = (Message(role="user", content="q"), Message(role="assistant", content="a"))


def served(**fields: Any) -> ServedModel:
    return ServedModel(name=ModelName.parse("m"), spec=SPEC, capabilities=("completion",), **fields)


def roles(messages: tuple[Message, ...]) -> list[str]:
    return [message.role for message in messages]


def test_a_chat_begins_with_the_models_system_and_messages() -> None:
    prompt = chat_prompt(served(system="Be brief.", messages=PRESET), [USER])
    assert roles(prompt.messages) == ["system", "user", "assistant", "user"]
    assert prompt.messages[0].content == "Be brief."


def test_a_requests_system_stands_instead_of_the_models() -> None:
    prompt = chat_prompt(served(system="Be brief."), [Message(role="system", content="Be long."), USER])
    assert [message.content for message in prompt.messages] == ["Be long.", "hi"]


CALLING = Message(role="assistant", tool_calls=({"function": {"name": "f", "arguments": {}}},))
RESULT = Message(role="tool", content="4", tool_name="f")


def test_calls_and_results_are_linked_for_jinja_and_left_alone_for_ollamas_templates() -> None:
    calling, result = chat_prompt(served(), [CALLING, RESULT]).messages
    assert calling.tool_calls[0]["id"] == result.tool_call_id != ""
    assert chat_prompt(served(template="{{ .Prompt }}"), [CALLING, RESULT]).messages == (CALLING, RESULT)


def test_a_call_of_the_assistants_is_not_continued() -> None:
    assert chat_prompt(served(), [USER, CALLING]).continue_final_message is False


def test_tools_are_shown_by_the_template_or_in_words() -> None:
    tools = ({"type": "function", "function": {"name": "f"}},)
    shown = chat_prompt(served(), [USER], form=AnswerForm(tools=tools, think="low"))
    assert (shown.tools, shown.think, shown.messages) == (tools, "low", (USER,))
    told = chat_prompt(served(), [USER], form=AnswerForm(tools=tools, in_words=True))
    assert told.tools == ()
    assert roles(told.messages) == ["system", "user"]


def test_models_that_forget_their_thoughts_do() -> None:
    old = Message(role="assistant", content="<think>x</think>y")
    assert chat_prompt(served(architecture="qwen3"), [USER, old, USER]).messages[1].content == "y"
    assert chat_prompt(served(architecture="llama"), [USER, old, USER]).messages[1] == old


def test_an_assistants_last_message_is_continued() -> None:
    assert not chat_prompt(served(), [USER]).continue_final_message
    assert chat_prompt(served(), [USER, Message(role="assistant", content="He")]).continue_final_message


def test_generate_is_one_turn_after_the_models_own() -> None:
    model = served(system="Be brief.", messages=PRESET)
    assert roles(single_prompt(model, "hi", system="", context=None).messages) == [
        "system",
        "user",
        "assistant",
        "user",
    ]
    assert single_prompt(model, "hi", system="Other.", context=None).messages[0].content == "Other."


def test_a_context_holds_the_talk_so_the_models_messages_stay_out() -> None:
    prompt = single_prompt(served(messages=PRESET), "hi", system="", context=[1, 2])
    assert (roles(prompt.messages), prompt.context) == (["user"], (1, 2))


def test_the_models_parameters_stand_between_the_wires_defaults_and_the_request() -> None:
    model = served(parameters={"temperature": 0.2, "top_k": 3})
    options = served_options(model, {"top_k": 5}, defaults={"temperature": 1.0, "top_p": 1.0})
    assert (options.sampling.temperature, options.sampling.top_k, options.sampling.top_p) == (0.2, 5, 1.0)


def test_a_bias_beyond_the_models_vocabulary_is_refused() -> None:
    with pytest.raises(InvalidOption):
        served_options(served(), {"logit_bias": {"100": 1}})


def test_what_a_model_cannot_do_is_said_in_ollamas_words() -> None:
    with pytest.raises(NotSupported, match=r"^registry\.ollama\.ai/library/m:latest does not support tools$"):
        require_capability(served(), "tools")
    embedder = ServedModel(name=ModelName.parse("m"), spec=SPEC, capabilities=("embedding",))
    with pytest.raises(NotSupported, match=r'^"M" does not support chat$'):
        require_completion(embedder, requested="M", act="chat")
    require_completion(served(), requested="M", act="chat")


@pytest.mark.parametrize(
    ("value", "seconds"), [("5m", 300), (0, 0), (-1, math.inf), ("-1m", math.inf), (1e18, math.inf)]
)
def test_keep_alive_is_seconds_or_for_ever(value: float | str, seconds: float) -> None:
    assert keep_alive_seconds(value) == seconds


def test_a_keep_alive_that_is_no_duration_is_refused() -> None:
    with pytest.raises(BadRequest, match="invalid duration"):
        keep_alive_seconds("soon")


def test_what_truncation_dropped_is_said() -> None:
    assert truncation_header(Started(n_prompt=1, n_cached=0, n_ctx=8)) == {}
    dropped = Started(n_prompt=1, n_cached=0, n_ctx=8, n_dropped_messages=2, n_dropped_tokens=30)
    assert truncation_header(dropped) == {"X-Power-Truncated": "messages=2, tokens=30, num_ctx=8"}


async def test_a_generations_tokens_are_counted_once_however_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[tuple[str, int]] = []
    monkeypatch.setattr("power_site.metrics.tokens", lambda model, direction, n: counted.append((direction, n)))
    whole = generation(*texts("a", "b"))
    async for events in whole:
        assert events
    whole.close()
    left = generation(*texts("a", "b"))
    await anext(left)
    left.close()
    left.close()
    assert counted == [("input", 7), ("output", FINISHED.n_generated), ("input", 7), ("output", 1)]
    stream = left._stream
    assert isinstance(stream, ScriptedStream)
    assert stream.n_closed == 2


async def test_what_the_model_wrote_is_read_before_anybody_sees_it() -> None:
    """A batch that is all markup gives nothing, and is waited past."""
    reader = AnswerReader(THINKING.parser())
    stream = ScriptedStream([[TextDelta("<think>")], [TextDelta("hm</think>")], [TextDelta("Hi", 3)], [FINISHED]])
    running = Generation(stream, model="m", begun_at=0.0, resolved_at=0.0, reader=reader)
    batches = [batch async for batch in running]
    assert [type(event) for batch in batches for event in batch] == [ThinkingDelta, TextDelta, Finished]
    assert all(batches)
