"""Every template that comes with Ollama renders the prompts that Ollama's own tests expect (see data/NOTICE)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from inference.chat.ollama.template import OllamaTemplate, is_ollama_template
from inference.request import Message

DATA = Path(__file__).parent / "data"
TOOLS = DATA / "tools"
CASES = sorted((DATA / "expected").glob("*/*"))
CONVERSATION = (
    Message(role="system", content="You are a helpful assistant."),
    Message(role="user", content="Hello, how are you?"),
    Message(role="assistant", content="I'm doing great. How can I help you today?"),
    Message(role="user", content="I'd like to show off how chat templating works!"),
)
CONVERSATIONS = {
    "user": CONVERSATION[1:2],
    "user-assistant-user": CONVERSATION[1:],
    "system-user-assistant-user": CONVERSATION,
}
# Ollama's test takes one blank off the end of these, where the model goes on.
TRAILING_BLANK = {"chatqa", "llama2-chat", "mistral-instruct", "openchat", "vicuna"}


def test_all_of_the_reference_is_here() -> None:
    assert len(CASES) == 3 * len(list(DATA.glob("*.gotmpl"))) == 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_a_template_of_ollama_renders_the_prompt_ollama_expects(case: Path) -> None:
    source = (DATA / f"{case.parent.name}.gotmpl").read_bytes().decode()
    text = OllamaTemplate(source).render(CONVERSATIONS[case.name])
    if case.parent.name in TRAILING_BLANK:
        text = text.removesuffix(" ")
    assert text.encode() == case.read_bytes()
    assert is_ollama_template(source)


def tool_messages() -> list[Message]:
    known = {"role", "content", "tool_calls", "tool_call_id"}
    read: list[dict[str, Any]] = json.loads((TOOLS / "messages.json").read_text())
    assert all(message.keys() <= known for message in read)
    return [Message(**{**message, "tool_calls": tuple(message.get("tool_calls", ()))}) for message in read]


@pytest.mark.parametrize("case", sorted(TOOLS.glob("*.gotmpl")), ids=lambda case: case.stem)
def test_a_template_of_a_model_that_calls_tools_renders_what_ollama_renders(case: Path) -> None:
    template = OllamaTemplate(case.read_text())
    text = template.render(tool_messages(), tools=json.loads((TOOLS / "tools.json").read_text()))
    assert text == case.with_suffix(".out").read_text()
    assert "tools" in template.variables
    assert is_ollama_template(case.read_text())
