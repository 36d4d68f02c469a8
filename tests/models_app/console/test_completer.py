from __future__ import annotations

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from models_app.console.completer import SlashCompleter, candidates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/se", ["/set"]),
        ("/set nowo", ["nowordwrap"]),
        ("/set parameter temp", ["temperature"]),
        ("/show m", ["modelfile"]),
        ("/load sm", ["smollm2:135m"]),
        ("/bye x", []),
        ("what is /se", []),
    ],
)
def test_a_commands_words_are_completed_and_no_others(text: str, expected: list[str]) -> None:
    assert candidates(text, lambda: ["smollm2:135m", "tiny:1b"]) == expected


def test_only_the_last_word_is_replaced() -> None:
    (completion,) = SlashCompleter(tuple).get_completions(Document("/set verb"), CompleteEvent())
    assert (completion.text, completion.start_position) == ("verbose", -len("verb"))
