"""A whole answer, put together from a generation's events. The same for every wire; on the loop's thread."""

from __future__ import annotations

from dataclasses import dataclass, field

from inference.events import Event, Finished, PromptLogprobs, TextDelta, ThinkingDelta, TokenLogprob, ToolCall
from models_app.serving.generation import Generation


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``n_thinking`` of the ``finished.n_generated`` tokens were thoughts. ``prompt_logprobs`` are those of all of the
    prompt's tokens where they were asked for; the first one's means nothing."""

    text: str
    thinking: str
    calls: tuple[ToolCall, ...]
    logprobs: tuple[TokenLogprob, ...]
    n_thinking: int
    finished: Finished
    prompt_logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(slots=True)
class Draft:
    """An answer while its events come in."""

    text: list[str] = field(default_factory=list)
    thinking: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    logprobs: list[TokenLogprob] = field(default_factory=list)
    n_thinking: int = 0
    prompt_logprobs: list[TokenLogprob] = field(default_factory=list)
    finished: Finished | None = None

    def add(self, event: Event) -> None:
        if isinstance(event, TextDelta):
            self.text.append(event.text)
            self.logprobs.extend(event.logprobs)
        elif isinstance(event, ThinkingDelta):
            self.thinking.append(event.text)
            self.n_thinking += event.n_tokens
        elif isinstance(event, PromptLogprobs):
            self.prompt_logprobs.extend(event.tokens)
        elif isinstance(event, ToolCall):
            self.calls.append(event)
        elif isinstance(event, Finished):
            self.finished = event

    def answer(self) -> Answer:
        assert self.finished is not None, "a stream ends with Finished or raises"
        return Answer(
            text="".join(self.text),
            thinking="".join(self.thinking),
            calls=tuple(self.calls),
            logprobs=tuple(self.logprobs),
            n_thinking=self.n_thinking,
            finished=self.finished,
            prompt_logprobs=tuple(self.prompt_logprobs),
        )


async def answer_read(generation: Generation) -> Answer:
    """To the end. Raises the InferenceError that ended the generation; always closes it."""
    draft = Draft()
    try:
        async for events in generation:
            for event in events:
                draft.add(event)
    finally:
        generation.close()
    return draft.answer()
