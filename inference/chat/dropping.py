"""Which messages go first when a chat is too long for the context (wire.md 2.5): the oldest, but no system message.

A call goes together with its results, since templates refuse or misread results of nothing. The last message stays, and
where it is a result, so does the turn it belongs to.
"""

from __future__ import annotations

from collections.abc import Sequence

from inference.request import Message


def drop_steps(messages: Sequence[Message]) -> list[frozenset[int]]:
    """Growing sets of places to leave out: each is the one before and one turn more."""
    steps: list[frozenset[int]] = []
    dropped: set[int] = set()
    for index in range(_tail(messages)):
        if messages[index].role == "system":
            continue
        dropped.add(index)
        if index + 1 == len(messages) or messages[index + 1].role != "tool":
            steps.append(frozenset(dropped))
    return steps


def _tail(messages: Sequence[Message]) -> int:
    """Where the turn begins that the last message belongs to."""
    index = len(messages) - 1
    while index > 0 and messages[index].role == "tool":
        index -= 1
    return index
