"""The answers of all choices, whole, for a request that doesn't stream."""

from __future__ import annotations

from api_openai.choices import Choices
from inference.errors import ShuttingDown
from models_app.serving.answers import Answer, Draft


async def collect(choices: Choices, *, n_choices: int) -> list[Answer]:
    """In the order of the choices. Raises the first error of any of them; always closes them."""
    drafts = [Draft() for _ in range(n_choices)]
    try:
        async for items in choices:
            for index, events in items:
                for event in events:
                    drafts[index].add(event)
    finally:
        choices.close()
    return [_whole(draft.answer()) for draft in drafts]


def _whole(answer: Answer) -> Answer:
    if answer.finished.reason == "shutdown":
        raise ShuttingDown  # OpenAI has no finish reason for half an answer; an error is one
    return answer
