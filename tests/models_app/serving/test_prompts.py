"""models_app.serving.prompts: what of a model and of a request goes into a prompt."""

from __future__ import annotations

from typing import Any

from inference import ModelSpec
from inference.request import Message
from models_app.entries import ServedModel
from models_app.naming import ModelName
from models_app.serving.answer_form import AnswerForm
from models_app.serving.prompts import chat_prompt, single_prompt

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
