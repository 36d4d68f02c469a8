from __future__ import annotations

import pytest

from inference.chat.gotemplate import parse
from inference.chat.ollama.turns import Turn, collate, cut_behind_response, turns
from inference.request import Message


def conversation(*pairs: str) -> list[Message]:
    """ "user:text" … as messages."""
    return [Message(role=pair.split(":")[0], content=pair.split(":")[1]) for pair in pairs]


def test_neighbours_of_one_role_become_one_message() -> None:
    collated = collate(conversation("system:a", "system:b", "User:c", "user:d", "assistant:e"))
    assert [(message.role, message.content) for message in collated] == [
        ("system", "a\n\nb"),
        ("user", "c\n\nd"),
        ("assistant", "e"),
    ]


def test_results_of_tools_stay_apart() -> None:
    assert len(collate(conversation("tool:a", "tool:b"))) == 2


def test_a_turn_ends_where_the_next_prompt_or_system_begins() -> None:
    messages = conversation("system:S", "user:q", "assistant:a", "user:r", "system:T", "user:s")
    assert list(turns(collate(messages))) == [Turn("S", "q", "a"), Turn("", "r", ""), Turn("T", "s", "")]


def test_there_always_is_an_open_turn() -> None:
    assert list(turns([])) == [Turn()]


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("a{{ .Response }}b", "a{{ .Response }}"),
        ("a{{ if .S }}b{{ .Response }}c{{ end }}d", "a{{ if .S }}b{{ .Response }}{{ end }}"),
        ("{{ if .S }}a{{ else }}{{ .Response }}b{{ end }}c", "{{ if .S }}a{{ else }}{{ .Response }}{{ end }}"),
        ("{{ if .Response }}a{{ .Response }}b{{ end }}", "{{ if .Response }}a{{ .Response }}{{ end }}"),
        ("{{ print .Response .S }}b", "{{ print .Response }}"),
        ("{{ print (print .Response .S) .S }}b", "{{ print (print .Response) }}"),
        ("{{ .Response | print }}b", ""),
        ("{{ $.Response }}b", "{{ $.Response }}b"),
        ("{{ if .S }}a{{ end }}b", "{{ if .S }}a{{ end }}b"),
    ],
)
def test_what_stands_behind_the_response_is_cut(source: str, kept: str) -> None:
    assert cut_behind_response(parse(source).nodes) == parse(kept).nodes
