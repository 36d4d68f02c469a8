"""What templates in the wild ask of messages, by short excerpts of how they ask it."""

from __future__ import annotations

import pytest

from inference.chat.shapes import Shape, as_dict, shape_of, think_variables
from inference.chat.template import ChatTemplate
from inference.errors import TemplateError
from inference.request import Message

CALL = {"id": "call_abcdefgh", "type": "function", "function": {"name": "f", "arguments": {"b": 1, "a": "ü"}}}
CALLING = Message(role="assistant", tool_calls=(CALL,))
RESULT = Message(role="tool", content="4", tool_name="f", tool_call_id="call_abcdefgh")


def render(source: str, *messages: Message, think: bool | str | None = None) -> str:
    return ChatTemplate(source).render(messages, think=think)


def test_arguments_are_an_object_in_their_own_order() -> None:
    assert render("{{ messages[0].tool_calls[0].function.arguments | tojson }}", CALLING) == '{"b": 1, "a": "ü"}'


def test_a_template_that_joins_arguments_to_text_gets_text() -> None:
    source = "{{ 'json\\n' + messages[0]['tool_calls'][0]['function']['arguments'] }}"
    assert render(source, CALLING) == 'json\n{"b": 1, "a": "ü"}'


def test_a_template_that_fails_either_way_says_so() -> None:
    with pytest.raises(TemplateError, match="never"):
        render("{{ raise_exception('never') }}", CALLING)


@pytest.mark.parametrize(
    "question",
    ["message['content'] is none", 'message["content"] is not none', "message.content is not none", "content is none"],
)
def test_a_template_that_asks_for_no_content_gets_none_with_calls(question: str) -> None:
    shape = shape_of("{% if " + question + " %}")
    assert as_dict(CALLING, shape)["content"] is None
    assert as_dict(Message(role="assistant"), shape)["content"] == ""


def test_other_templates_get_empty_text() -> None:
    assert as_dict(CALLING, shape_of("{{ message.content }}"))["content"] == ""


def test_ids_that_have_to_be_short_are_and_still_match() -> None:
    shape = shape_of("{%- if tool_call.id is not defined or tool_call.id|length != 9 %}{{ raise_exception('9!') }}")
    call, result = as_dict(CALLING, shape), as_dict(RESULT, shape)
    assert call["tool_calls"][0]["id"] == result["tool_call_id"]
    assert len(result["tool_call_id"]) == 9
    assert as_dict(Message(role="tool", tool_call_id="abcdef123"), shape)["tool_call_id"] == "abcdef123"


def test_a_result_has_all_its_names() -> None:
    assert as_dict(RESULT) == {
        "role": "tool", "content": "4", "name": "f", "tool_name": "f", "tool_call_id": "call_abcdefgh"
    }  # fmt: skip


def test_thinking_is_switched_by_every_name_templates_have_for_it() -> None:
    assert think_variables(None, Shape()) == {}
    assert think_variables(False, Shape()) == {"enable_thinking": False, "thinking": False}
    assert think_variables("low", Shape())["reasoning_effort"] == "low"
    assert think_variables("max", Shape())["reasoning_effort"] == "max"
    assert think_variables("max", shape_of("<|channel|>"))["reasoning_effort"] == "high"


def test_what_thinking_is_left_to_the_template_is_undefined_there() -> None:
    source = "{% if enable_thinking is defined and enable_thinking is false %}<off>{% endif %}"
    assert render(source, CALLING) == ""
    assert render(source, CALLING, think=False) == "<off>"
