"""From the model's own text to what it says: the events of a generation, through the parser of the model's family."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from inference.chat.parsing import Parsed, Parser
from inference.events import Event, Finished, TextDelta, ThinkingDelta, TokenLogprob, ToolCall


class AnswerReader:
    """One answer's. Text comes out as text, thoughts and whole calls; every other event as it came, in order.

    A delta's tokens and logprobs go out with the first delta its text brings, or with an empty one, so that none is
    lost while the parser holds text back. Without ``keeps_thinking`` thoughts are left out.
    """

    def __init__(self, parser: Parser, *, keeps_thinking: bool = True) -> None:
        self._parser = parser
        self._keeps_thinking = keeps_thinking
        self._n_held = 0

    def read(self, events: Iterable[Event]) -> list[Event]:
        return [out for event in events for out in self._read(event)]

    def _read(self, event: Event) -> Iterator[Event]:
        if isinstance(event, TextDelta):
            yield from self._counted(self._parser.feed(event.text), event.n_tokens, event.logprobs)
        elif isinstance(event, Finished):
            yield from self._counted(self._parser.finish(), 0, ())
            # A call that the end cut short is left out, and the answer not whole without it.
            is_cut = self._parser.is_cut and event.reason == "stop"
            yield replace(event, reason="length") if is_cut else event
        else:
            yield event

    def _counted(self, parsed: list[Parsed], n_tokens: int, logprobs: tuple[TokenLogprob, ...]) -> Iterator[Parsed]:
        n_tokens += self._n_held
        for each in parsed:
            if isinstance(each, ToolCall):
                yield each
            elif isinstance(each, TextDelta):
                yield TextDelta(each.text, n_tokens, logprobs)
                n_tokens, logprobs = 0, ()
            elif self._keeps_thinking:
                yield ThinkingDelta(each.text, n_tokens)
                n_tokens = 0
        if logprobs:
            yield TextDelta("", n_tokens, logprobs)
            n_tokens = 0
        self._n_held = n_tokens
