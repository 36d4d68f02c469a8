from __future__ import annotations

import pytest

from inference.chat.dropping import drop_steps
from inference.request import Message

ROLES = {"s": "system", "u": "user", "a": "assistant", "t": "tool"}


def steps(roles: str) -> list[str]:
    """What each step leaves of a talk, written as the roles' first letters."""
    messages = [Message(role=ROLES[role]) for role in roles]
    return ["".join(role for i, role in enumerate(roles) if i not in dropped) for dropped in drop_steps(messages)]


@pytest.mark.parametrize(
    ("roles", "left"),
    [
        ("u", []),
        ("su", []),
        ("", []),
        ("uau", ["au", "u"]),
        ("suausu", ["sausu", "susu", "ssu"]),
    ],
)
def test_the_oldest_go_first_and_system_messages_and_the_last_one_stay(roles: str, left: list[str]) -> None:
    assert steps(roles) == left


@pytest.mark.parametrize(
    ("roles", "left"),
    [
        ("uattau", ["attau", "au", "u"]),
        ("uatt", ["att"]),
        ("uattuat", ["attuat", "uat", "at"]),
        ("tt", []),
    ],
)
def test_results_stay_with_their_call(roles: str, left: list[str]) -> None:
    assert steps(roles) == left
