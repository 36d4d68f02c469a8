from __future__ import annotations

import time
from datetime import datetime

import jinja2.sandbox
import pytest

from inference.chat.shapes import as_dict
from inference.chat.template import ChatTemplate
from inference.errors import TemplateError
from inference.request import Message

USER = Message(role="user", content="hi <b>")
LLAMA2 = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{ '[INST] ' + message['content'].strip() + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + ' ' + eos_token }}"
    "{% else %}{{ raise_exception('only user and assistant') }}{% endif %}{% endfor %}"
)
QWEN = (
    "{%- if tools %}{% for tool in tools %}{{ tool | tojson }}{% endfor %}{{- '\\n' }}{%- endif %}\n"
    "{%- set ns = namespace(last=messages|length - 1) %}\n"
    "{%- for message in messages[::-1] %}{%- set index = (messages|length - 1) - loop.index0 %}"
    "{%- if message.content.startswith('<') and index == 0 %}{%- set ns.last = index %}{%- endif %}{%- endfor %}\n"
    "{%- for message in messages %}{{- '<|' + message.role + '|>' + message.content.split('x')[-1].rstrip('\\n') }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- '<|assistant|>' }}{%- endif %}"
)


def render(source: str | None, *messages: Message, **options: object) -> str:
    return ChatTemplate(source, bos="<s>", eos="</s>").render(messages or (USER,), **options)  # type: ignore[arg-type]


def test_text_is_not_escaped() -> None:
    assert render("{{ messages[0].content }}") == "hi <b>"


def test_no_template_is_chatml() -> None:
    assert render(None) == "<|im_start|>user\nhi <b><|im_end|>\n<|im_start|>assistant\n"


@pytest.mark.parametrize("source", [LLAMA2, QWEN])
def test_a_template_renders_as_jinja_itself_does(source: str) -> None:
    messages = [Message(role="user", content=" one"), Message(role="assistant", content="two"), USER]
    oracle = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    expected = oracle.from_string(source).render(
        messages=[as_dict(message) for message in messages],
        add_generation_prompt=True,
        bos_token="<s>",
        eos_token="</s>",
    )
    assert render(source, *messages) == expected


def test_a_template_may_refuse_and_its_reason_is_told() -> None:
    with pytest.raises(TemplateError, match="only user and assistant"):
        render(LLAMA2, Message(role="system", content="x"))


def test_tools_are_absent_rather_than_empty() -> None:
    source = "{{ tools is defined }} {% if tools %}{{ tools|tojson }}{% endif %}"
    assert render(source).strip().lower() == "false"
    assert '"f<b>"' in render(source, tools=[{"name": "f<b>"}])


def test_generation_tags_render_to_nothing() -> None:
    assert render("a{% generation %}b{%- endgeneration -%}c") == "abc"


def test_tojson_keeps_order_and_indents() -> None:
    message = Message(role="assistant", tool_calls=({"z": 1, "a": "ü"},))
    assert render("{{ messages[0].tool_calls[0]|tojson }}", message) == '{"z": 1, "a": "ü"}'
    assert render("{{ messages[0].tool_calls|tojson(indent=1) }}", message).count("\n") == 5


def test_strftime_now_takes_the_clock() -> None:
    template = ChatTemplate("{{ strftime_now('%d %b %Y') }}", now=lambda: datetime(2026, 11, 22))
    assert template.render([USER]) == "22 Nov 2026"


@pytest.mark.parametrize("content", ["The answer", "The answer ", "  spaced", "<|im_end|>"])
def test_a_final_message_can_be_left_open(content: str) -> None:
    text = render(None, USER, Message(role="assistant", content=content), continue_final_message=True)
    assert text.endswith(f"<|im_start|>assistant\n{content}")


def test_a_template_that_trims_is_continued_too() -> None:
    source = "{% for m in messages %}<a>{{ m.content | trim }}</a>\n{% endfor %}"
    assert render(source, USER, Message(role="assistant", content=" on"), continue_final_message=True) == (
        "<a>hi <b></a>\n<a>on"
    )


def test_a_template_that_leaves_the_final_message_out_is_taken_as_it_is() -> None:
    assert render("nothing of it", USER, continue_final_message=True) == "nothing of it"


@pytest.mark.parametrize(
    "source",
    [
        "{% if",
        "{{ x.y }}",
        "{{ messages | nosuchfilter }}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{{ 'a' * 2000000000 }}",
        "{{ 'a'.center(2000000000) }}",
        "{{ (10**8)**(10**6) }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ messages[0].content.__class__.__mro__ }}",
        "{% include '/etc/passwd' %}",
        "x" * 1_000_001,
    ],
)
def test_a_hostile_or_broken_template_ends_soon_and_in_a_template_error(source: str) -> None:
    began = time.monotonic()
    with pytest.raises(TemplateError) as caught:
        render(source)
    assert time.monotonic() - began < 10
    assert "\n" not in str(caught.value)


def test_more_text_than_allowed_is_refused() -> None:
    with pytest.raises(TemplateError, match="more text"):
        ChatTemplate("{{ messages[0].content }}").render([USER], max_chars=3)


class TestContentInParts:
    """Templates of models that see: some go through a list of parts, and find nothing in a text."""

    SMOLVLM = (
        "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}"
        "{% if message['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
        "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{ line['text'] }}"
        "{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}"
        "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
    )
    EITHER = (
        "{% for m in messages %}{% if m.content is string %}{{ m.content }}"
        "{% else %}{% for part in m.content %}({{ part.text }}){% endfor %}{% endif %}|{% endfor %}"
    )

    def test_a_template_that_wants_parts_gets_them(self) -> None:
        text = ChatTemplate(self.SMOLVLM).render([Message(role="user", content="what is it?")])
        assert text == "<|im_start|>User: what is it?<end_of_utterance>\nAssistant:"

    def test_a_template_that_takes_either_gets_text(self) -> None:
        assert ChatTemplate(self.EITHER).render([Message(role="user", content="what?")]) == "what?|"

    def test_an_answer_in_parts_can_be_continued(self) -> None:
        turns = [Message(role="user", content="say hi"), Message(role="assistant", content="hi th")]
        text = ChatTemplate(self.SMOLVLM).render(turns, continue_final_message=True)
        assert text.endswith("Assistant: hi th")
