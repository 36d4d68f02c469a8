"""How a chat's answer says why it ended."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from api_openai.chat.calls import CallLook
from inference.events import Finished
from tests.generations import FINISHED

STOPPED = replace(FINISHED, stop_sequence=":")
CUT = replace(FINISHED, reason="length")


@pytest.mark.parametrize(
    ("look", "finished", "n_calls", "reason"),
    [
        (CallLook(), FINISHED, 0, "stop"),
        (CallLook(), STOPPED, 0, "stop"),
        (CallLook(), FINISHED, 2, "tool_calls"),
        (CallLook(legacy=True), FINISHED, 1, "function_call"),
        (CallLook(), CUT, 1, "length"),
        (CallLook(is_held=True), FINISHED, 0, "stop"),
        (CallLook(is_held=True), STOPPED, 0, "length"),
        (CallLook(is_held=True), STOPPED, 1, "tool_calls"),
    ],
)
def test_the_reason_tells_calls_and_whether_the_answer_was_cut(
    look: CallLook, finished: Finished, n_calls: int, reason: str
) -> None:
    assert look.reason(finished, n_calls) == reason
