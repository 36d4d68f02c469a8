"""The answers of all choices, whole, for a request that doesn't stream."""

from __future__ import annotations

from dataclasses import dataclass, field

from api_openai.choices import Choices
from inference.errors import ShuttingDown
from inference.events import Event, Finished, TextDelta, ThinkingDelta, TokenLogprob


@dataclass(slots=True)
class _Draft:
    text: list[str] = field(default_factory=list)
    thinking: list[str] = field(default_factory=list)
    logprobs: list[TokenLogprob] = field(default_factory=list)
    finished: Finished | None = None

    def add(self, event: Event) -> None:
        if isinstance(event, TextDelta):
            self.text.append(event.text)
            self.logprobs.extend(event.logprobs)
        elif isinstance(event, ThinkingDelta):
            self.thinking.append(event.text)
        elif isinstance(event, Finished):
            self.finished = event


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    text: str
    thinking: str
    logprobs: tuple[TokenLogprob, ...]
    finished: Finished


async def collect(choices: Choices, *, n_choices: int) -> list[Answer]:
    """In the order of the choices. Raises the first error of any of them; always closes them."""
    drafts = [_Draft() for _ in range(n_choices)]
    try:
        async for items in choices:
            for index, events in items:
                for event in events:
                    drafts[index].add(event)
    finally:
        choices.close()
    return [_answer(draft) for draft in drafts]


def _answer(draft: _Draft) -> Answer:
    assert draft.finished is not None, "a stream ends with Finished or raises"
    if draft.finished.reason == "shutdown":
        raise ShuttingDown
    return Answer(
        text="".join(draft.text),
        thinking="".join(draft.thinking),
        logprobs=tuple(draft.logprobs),
        finished=draft.finished,
    )
