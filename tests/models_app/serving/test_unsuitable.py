"""Tools that no grammar can be made of are named, and their grammar is not shown."""

from __future__ import annotations

import pytest

from inference.errors import InvalidConstraint
from models_app.serving.unsuitable import unsuitable_tools

GRAMMAR = "start: call\ncall: call_0 | call_1\ncall_0: x\narguments_0: y\ncall_1: x\narguments_1: z\nanswer: w"
TOOLS = [{"function": {"name": name}} for name in "fg"]


@pytest.mark.parametrize(
    ("line", "subject"),
    [
        (4, 'the parameters of the tool "f"'),
        (6, 'the parameters of the tool "g"'),
        (7, "the format"),
        (1, "the parameters of a tool"),
        (70, "the parameters of a tool"),
    ],
)
def test_the_tool_is_named_and_the_reason_given(line: int, subject: str) -> None:
    reason = f"at {line}(18): failed to compile JSON schema: Invalid type: strange 4 | arguments_0: call"
    told = unsuitable_tools(InvalidConstraint("lark", reason), grammar=GRAMMAR, tools=TOOLS)
    assert str(told) == f"{subject} can't be kept to: Invalid type: strange"


def test_a_reason_that_names_no_place_is_given_as_it_is() -> None:
    told = unsuitable_tools(InvalidConstraint("lark", "it is too long"), grammar=GRAMMAR, tools=TOOLS)
    assert str(told) == "the parameters of a tool can't be kept to: invalid grammar: it is too long"
