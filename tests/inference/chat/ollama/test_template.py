from __future__ import annotations

from datetime import datetime

import pytest

from inference.chat.ollama.template import OllamaTemplate, is_ollama_template
from inference.errors import TemplateError
from inference.request import Message

USER = Message(role="user", content="hi <b>")
ASSISTANT = Message(role="assistant", content="hello")
SYSTEM = Message(role="system", content="be brief")
OLD = "{{ if .System }}S:{{ .System }}\n{{ end }}U:{{ .Prompt }}\nA:{{ .Response }}<end>\n"
NEW = "{{ range .Messages }}{{ .Role }}:{{ .Content }}<end>\n{{ end }}assistant:"
INSERT = "{{ if .Suffix }}<pre>{{ .Prompt }}<suf>{{ .Suffix }}<mid>{{ else }}{{ .Prompt }}{{ end }}"


def test_a_conversation_is_rendered_whole_where_the_template_knows_messages() -> None:
    text = OllamaTemplate(NEW).render([SYSTEM, USER])
    assert text == "system:be brief<end>\nuser:hi <b><end>\nassistant:"


def test_an_older_template_is_rendered_turn_by_turn_and_left_open() -> None:
    text = OllamaTemplate(OLD).render([SYSTEM, USER, ASSISTANT, USER])
    assert text == "S:be brief\nU:hi <b>\nA:hello<end>\nU:hi <b>\nA:"


def test_an_older_template_without_a_response_gets_one() -> None:
    template = OllamaTemplate("[INST] {{ .Prompt }} [/INST]")
    assert template.render([USER, ASSISTANT, USER]) == "[INST] hi <b> [/INST]hello[INST] hi <b> [/INST]"
    assert template.variables == {"prompt", "response"}


def test_the_variables_tell_what_the_model_can_do() -> None:
    assert OllamaTemplate(INSERT).variables == {"suffix", "prompt", "response"}
    assert OllamaTemplate(NEW + "{{ $.Tools }}").variables == {"messages", "role", "content", "tools"}


def test_system_texts_are_in_the_messages_and_together_in_system() -> None:
    source = "{{ .System }}|{{ len .Messages }}|{{ .Missing }}{{ .Response }}"
    assert OllamaTemplate(source).render([SYSTEM, USER, SYSTEM]) == "be brief\n\nbe brief|3|<no value>"


def test_system_and_prompt_may_be_given_beside_the_messages() -> None:
    text = OllamaTemplate(NEW).render([ASSISTANT], system="S", prompt="q")
    assert text == "system:S<end>\nassistant:hello<end>\nuser:q<end>\nassistant:"


def test_a_suffix_is_filled_in_up_to() -> None:
    assert OllamaTemplate(INSERT).render([], prompt="a(", suffix=")") == "<pre>a(<suf>)<mid>"
    assert OllamaTemplate(INSERT).render([USER]) == "hi <b>"


@pytest.mark.parametrize(
    ("think", "text"),
    [
        (None, "false  false"),
        (False, "false  true"),
        (True, "true medium true"),
        ("high", "true high true"),
    ],
)
def test_thinking_is_told_to_both_kinds_of_template(think: bool | str | None, text: str) -> None:
    for kind in ("{{ if .Messages }}{{ end }}", ""):
        source = kind + "{{ .Think }} {{ .ThinkLevel }} {{ .IsThinkSet }}"
        assert OllamaTemplate(source).render([USER], think=think) == text


def test_dates_take_the_clock() -> None:
    template = OllamaTemplate('{{ currentDate }} {{ yesterdayDate "x" }}', now=lambda: datetime(2026, 3, 1, 12))
    assert template.render([USER]) == "2026-03-01 2026-02-28"


@pytest.mark.parametrize("source", [NEW, OLD, "{{ range .Messages }}{{ .Role }}:{{ json .Content }}\n{{ end }}"])
@pytest.mark.parametrize("content", ["The answer", "The answer ", " on"])
def test_a_final_message_can_be_left_open(source: str, content: str) -> None:
    final = Message(role="assistant", content=content)
    text = OllamaTemplate(source).render([USER, final], continue_final_message=True)
    assert text.endswith(content)


def test_images_are_taken_from_messages_that_have_them() -> None:
    class WithImages(Message, frozen=True, kw_only=True):
        images: tuple[bytes, ...] = ()

    message = WithImages(role="user", images=(b"\x01", b"\x02"))
    assert OllamaTemplate("{{ range .Messages }}{{ len .Images }}{{ end }}").render([message]) == "2"


def test_more_text_than_allowed_is_refused() -> None:
    assert OllamaTemplate(NEW).render([USER], max_chars=31) == "user:hi <b><end>\nassistant:"[:31]
    for source in (NEW, OLD):
        with pytest.raises(TemplateError, match="more text"):
            OllamaTemplate(source).render([USER], max_chars=5)


def test_a_broken_template_is_refused_with_its_line() -> None:
    with pytest.raises(TemplateError, match="line 2: unclosed action"):
        OllamaTemplate("a\n{{ .Prompt ")
    with pytest.raises(TemplateError, match="line 1: can't evaluate field 'Nope'"):
        OllamaTemplate("{{ range .Messages }}{{ .Nope }}{{ end }}").render([USER])


def test_tools_nested_beyond_reason_are_refused() -> None:
    nested: dict[str, object] = {}
    for _ in range(5000):
        nested = {"type": "object", "items": nested}
    tool = {
        "type": "function",
        "function": {"name": "f", "parameters": {"type": "object", "properties": {"p": nested}}},
    }
    with pytest.raises(TemplateError, match="nested too deeply"):
        OllamaTemplate("{{ .Tools }}{{ .Messages }}").render([USER], tools=[tool])


@pytest.mark.parametrize("source", [NEW, OLD, INSERT, "{{ .Prompt }}", '{{- printf "%s" .Prompt }}', "{{- /* x */}}"])
def test_gos_templates_are_told(source: str) -> None:
    assert is_ollama_template(source)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "plain",
        "{{ prompt }}",
        "{{ messages[0]['content'] }}",
        "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}",
        "{%- if tools %}{{ '{{ .Prompt }}' }}{%- endif %}",
        "{{- raise_exception('no') }}",
        "{{ messages | length }}",
    ],
)
def test_jinjas_templates_and_plain_text_are_no_gos(source: str) -> None:
    assert not is_ollama_template(source)


def test_a_template_beyond_all_measure_is_not_even_compiled() -> None:
    with pytest.raises(TemplateError, match="too long"):
        OllamaTemplate("x" * 1_000_001)
