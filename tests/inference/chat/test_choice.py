from __future__ import annotations

from pathlib import Path

import pytest

from inference.chat.choice import go_capabilities, jinja_capabilities, template_capabilities, uses_jinja

GO_FOLDER = Path(__file__).parent / "ollama" / "data" / "tools"
JINJA_FOLDER = Path(__file__).parent / "data" / "jinja"

PLAIN_GO = "{{ .System }}{{ .Prompt }}"
GO_TOOLS = "{{ range .Messages }}{{ .ToolCalls }}{{ end }}{{ .Tools }}"
GO_ROUND_TRIP = GO_TOOLS + '{{ if eq .Role "tool" }}{{ end }}'
JINJA_TOOLS = "{% if tools %}{% endif %}"
JINJA_ROUND_TRIP = JINJA_TOOLS + "{% if message.role == 'tool' %}{{ message.tool_calls }}{% endif %}"


@pytest.mark.parametrize(
    ("source", "capabilities"),
    [
        ("{{ messages }}", ()),
        ("{% if tools %}{% endif %}", ("tools",)),
        ("<think>{{ x }}</think>", ("thinking",)),
        ("{{ content.split('</think>')[-1] }}", ("thinking",)),
        ("{{ content.split('</think>')[-1] }}{{ reasoning_content }}", ()),
        ("{% if tools %}{% endif %}<think></think>", ("tools", "thinking")),
        ("{{ '<|channel|>analysis<|message|>' + message.thinking + '<|end|>' }}", ("thinking",)),
        ("{{ '<seed:think>' }}{{ '<seed:tool_call>' }}", ("tools", "thinking")),
        ("{{ '<seed:tool_call>' }}", ("tools",)),
    ],
)
def test_capabilities_are_read_from_jinja(source: str, capabilities: tuple[str, ...]) -> None:
    assert jinja_capabilities(source) == capabilities


@pytest.mark.parametrize(
    ("source", "capabilities"),
    [
        (PLAIN_GO, ()),
        ("{{ if $.Tools }}{{ end }}", ("tools",)),
        ("{{ .Prompt }}<fim>{{ .Suffix }}", ("insert",)),
        ("{{ range .Messages }}{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ end }}", ("thinking",)),
        (
            "{{ range $i, $_ := .Messages }}{{ if and $.Think .Thinking }}<t>{{ .Thinking }}</t>{{ end }}{{ end }}",
            ("thinking",),
        ),
        ("{{ range .Messages }}{{ if .Thinking }}<think>{{ .Thinking }}{{ end }}{{ end }}", ()),
        ("{{ range .Messages }}{{ $.Thinking }}{{ end }}", ()),
        ("<think>{{ .Thinking }}</think>{{ range .Messages }}{{ .Content }}{{ end }}", ()),
        ("{{ range .Tools }}<think>{{ .Thinking }}</think>{{ end }}", ("tools",)),
        ("The text .Tools and .Suffix", ()),
        ("{{ if", ()),
    ],
)
def test_capabilities_are_read_from_the_tree_of_a_go_template(source: str, capabilities: tuple[str, ...]) -> None:
    assert go_capabilities(source) == capabilities


@pytest.mark.parametrize(
    ("chat_template", "template", "jinja"),
    [
        ("", PLAIN_GO, False),
        (JINJA_TOOLS, "", True),
        ("", "", True),
        ("{{ messages }}", PLAIN_GO, False),
        (JINJA_TOOLS, PLAIN_GO, True),
        (JINJA_TOOLS, GO_TOOLS, False),
        (JINJA_ROUND_TRIP, GO_TOOLS, True),
        (JINJA_ROUND_TRIP, GO_ROUND_TRIP, False),
        (JINJA_TOOLS + "<think></think>", GO_ROUND_TRIP, False),
        (JINJA_ROUND_TRIP + "<think></think>", GO_ROUND_TRIP, True),
        ("<think></think>", GO_TOOLS, False),
    ],
)
def test_the_jinja_template_is_used_where_a_model_can_do_more_with_it(
    chat_template: str, template: str, jinja: bool
) -> None:
    assert uses_jinja(chat_template=chat_template, template=template) is jinja


def test_a_model_is_capable_of_what_the_template_in_use_is() -> None:
    assert template_capabilities(chat_template=JINJA_TOOLS, template="{{ .Prompt }}{{ .Suffix }}") == ("insert",)
    assert template_capabilities(chat_template=JINJA_ROUND_TRIP, template=PLAIN_GO) == ("tools",)


@pytest.mark.parametrize("path", sorted(GO_FOLDER.glob("*.gotmpl")), ids=lambda path: path.stem)
def test_the_references_go_templates_with_tools_are_known_to_have_them(path: Path) -> None:
    assert "tools" in go_capabilities(path.read_text())


@pytest.mark.parametrize("path", sorted(JINJA_FOLDER.glob("*.jinja*")), ids=lambda path: path.stem)
def test_the_references_jinja_templates_are_known_to_have_tools(path: Path) -> None:
    assert "tools" in jinja_capabilities(path.read_text())
