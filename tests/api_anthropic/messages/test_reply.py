"""api_anthropic.messages.reply: what of a request decides how its answer is told."""

from __future__ import annotations

from typing import Any

import pytest

from api_anthropic.messages.body import MessageBody
from api_anthropic.messages.reply import Reply
from power_site.http import convert

MARK = {"cache_control": {"type": "ephemeral"}}
TEXT: dict[str, Any] = {"type": "text", "text": "x"}
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": [{**TEXT, **MARK}]}


def reply(**fields: Any) -> Reply:
    given = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}], **fields}
    return Reply.of(convert(given, MessageBody), given)


@pytest.mark.parametrize(
    "fields",
    [
        MARK,
        {"system": [{**TEXT, **MARK}]},
        {"tools": [{"name": "f", **MARK}]},
        {"messages": [{"role": "user", "content": [TEXT, {**TEXT, **MARK}]}]},
        {"messages": [{"role": "user", "content": [RESULT]}]},
    ],
)
def test_a_mark_anywhere_asks_for_the_cache(fields: dict[str, Any]) -> None:
    assert reply(**fields).caches


def test_without_a_mark_there_is_no_cache_to_tell_of() -> None:
    assert not reply(system=[TEXT], messages=[{"role": "user", "content": [TEXT]}]).caches


def test_ids_are_anthropics_and_no_two_are_the_same() -> None:
    assert reply().id.startswith("msg_")
    assert reply().id != reply().id


def test_who_manages_the_context_is_told_what_was_done() -> None:
    edits = {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}
    told = reply(context_management=edits).message(content=[], usage={})
    assert told["context_management"] == {"applied_edits": ()}
    assert "context_management" not in reply().message(content=[], usage={})


def test_deep_content_is_walked_no_deeper_than_it_is_taken() -> None:
    nested: dict[str, Any] = {**TEXT, **MARK}
    for _ in range(500):
        nested = {"type": "tool_result", "content": [nested]}
    assert not reply(messages=[{"role": "user", "content": [nested]}]).caches
