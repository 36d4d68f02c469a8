"""Every template that comes with Ollama renders the prompts that Ollama's own tests expect (see data/ollama/NOTICE)."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference.chat.ollama_template import OllamaTemplate, is_ollama_template
from inference.request import Message

DATA = Path(__file__).parent / "data" / "ollama"
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
