from __future__ import annotations

import pytest

from models_app.console.conversation import Conversation
from models_app.console.slash.showing import shown_text

SHOWN = {
    "license": "MIT\n",
    "modelfile": "FROM m\n",
    "parameters": "seed    1\ntop_k   2",
    "template": "{{ .Prompt }}",
    "system": "Be kind.",
    "details": {"family": "llama"},
}


@pytest.mark.parametrize(
    ("topic", "text"),
    [("license", "MIT\n"), ("modelfile", "FROM m\n"), ("template", "{{ .Prompt }}\n"), ("system", "Be kind.\n\n")],
)
def test_each_text_of_the_model_is_shown(topic: str, text: str) -> None:
    assert shown_text(topic, SHOWN, Conversation(model="m")) == text


@pytest.mark.parametrize("topic", ["license", "system", "template", "parameters"])
def test_what_a_model_does_not_have_is_said(topic: str) -> None:
    assert "specified for this model." in shown_text(topic, {}, Conversation(model="m"))


def test_the_chats_own_system_message_is_the_one_in_force() -> None:
    assert shown_text("system", SHOWN, Conversation(model="m", system="Be brief.")) == "Be brief.\n\n"


def test_parameters_are_the_models_and_the_chats() -> None:
    text = shown_text("parameters", SHOWN, Conversation(model="m", options={"stop": ["a", "b"]}))
    assert text == (
        f"Model defined parameters:\n  seed    1\n  top_k   2\n\nUser defined parameters:\n  {'stop':<30} a, b\n\n"
    )


def test_info_is_the_card_of_show() -> None:
    assert "architecture    llama" in shown_text("info", SHOWN, Conversation(model="m"))


def test_an_unknown_topic_is_told() -> None:
    assert shown_text("nonsense", SHOWN, Conversation(model="m")).startswith("Unknown command '/show nonsense'.")
